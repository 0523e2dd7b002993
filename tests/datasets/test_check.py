"""`mdm data check` on folders of recordings: what there is, and every kind of fault by the file's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mdm_core.datasets import check, humanml3d_folder, worded
from mdm_core.datasets.recording import Recording
from mdm_core.datasets.worded import WordFile, Words
from tests.datasets import folders
from tests.datasets.folders import swinging


def test_recordings_are_counted_and_unreadable_ones_named(tmp_path: Path) -> None:
    folders.amass_folder(tmp_path, ("walk", "hop"), takes=2, seconds=2.0)
    broken = tmp_path / "walk" / "take_9_poses.npz"
    np.savez(broken, poses=np.zeros((9, 30)), trans=np.zeros((9, 3)), mocap_framerate=60)
    nan = np.zeros((60, 66))
    nan[3] = np.nan
    folders.amass_file(tmp_path / "hop" / "take_8_poses.npz", nan, np.zeros((60, 3)))
    folders.amass_file(
        tmp_path / "hop" / "take_7_poses.npz", np.zeros((60, 66)), np.linspace(0, 30, 60)[:, None] * [1, 0, 0]
    )
    words = WordFile({"walk/take_0_poses": (Words("single", ("a person walks",), ("walk",)),), "nobody": (Words(),)})
    report = check.check(tmp_path, words=words)
    rows = dict(report.rows)
    assert rows["recordings"] == "6 of 7 files, of 2 subjects" and rows["frame rate"] == "60 (6)"
    assert rows["captioned"] == "1 recordings" and rows["with an action"] == "1 recordings"
    assert len(report.errors) == 2 and "take_9_poses.npz has poses (9, 30)" in report.errors[0]
    assert report.errors[1] == "Recordings with NaN or infinite positions: hop/take_8_poses."
    assert any("faster than 15 m/s" in note and "hop/take_7_poses" in note for note in report.notes)
    assert any("whose recording is not here: nobody" in note for note in report.notes)
    assert "note: No recording has captions" in "\n".join(check.check(tmp_path, words=worded.NO_WORDS).lines())


def test_bones_that_change_their_length_are_seen() -> None:
    body = swinging((0, 0, 1.0), 60, 0)
    assert check.faults(Recording("a", "x", body, 20.0)) == []
    stretched = body.copy()
    stretched[30:, 7, 1] -= 0.3
    assert "loose" in check.faults(Recording("a", "x", stretched, 20.0))


def test_kit_is_told_by_its_width(tmp_path: Path) -> None:
    """251 numbers at 12.5 frames a second; its clips are used from 24 frames on."""
    folders.humanml3d_folder(tmp_path)
    rng = np.random.default_rng(0)
    for k, path in enumerate(sorted((tmp_path / "new_joint_vecs").glob("*.npy"))):
        np.save(path, rng.normal(size=(23 + k, 251)).astype(np.float32))
    for name, value in (("Mean", 0.0), ("Std", 1.0)):
        np.save(tmp_path / f"{name}.npy", np.full(251, value, np.float32))
    report = check.check(tmp_path)
    rows = dict(report.rows)
    assert rows["format"] == "KIT-ML, 251 numbers a frame" and rows["frame rate"] == "12.5"
    assert rows["usable"].startswith("11 clips of 24 to 199 frames") and report.errors == ()
    data = humanml3d_folder.open_folder(tmp_path)
    assert [clip.name for clip in humanml3d_folder.clips(data, "train")] == [f"{k:06d}" for k in range(1, 8)]
