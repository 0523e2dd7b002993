"""HumanML3D's folders: which clips and words the published loader takes, and what `mdm data check` finds wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets import check, humanml3d_folder
from mdm_core.errors import MotionError
from tests.datasets.folders import humanml3d_folder as make


def test_clips_are_the_files_with_their_words(tmp_path: Path) -> None:
    made = make(tmp_path)
    data = humanml3d_folder.open_folder(tmp_path)
    found = list(humanml3d_folder.clips(data, "train"))
    assert [clip.name for clip in found] == list(made)[:8] and data.kind.name == "HumanML3D"
    np.testing.assert_array_equal(found[3].features, made["000003"])
    assert found[1].captions == ("a person slides left", "somebody slides left")
    assert found[1].words[0].tokens == ("a/DET", "person/NOUN", "slide/VERB", "left/ADV")


def test_lengths_and_parts_are_those_of_the_published_loader(tmp_path: Path) -> None:
    """40 to 199 frames; words of a stretch make a clip of their own under the same limits; NaN is left out."""
    make(tmp_path)
    rng = np.random.default_rng(0)
    for name, frames in (("000000", 39), ("000001", 40), ("000002", 199), ("000003", 200), ("000004", 120)):
        np.save(tmp_path / "new_joint_vecs" / f"{name}.npy", rng.normal(size=(frames, 263)).astype(np.float32))
    spoilt = rng.normal(size=(60, 263))
    spoilt[5, 5] = np.nan
    np.save(tmp_path / "new_joint_vecs" / "000005.npy", spoilt)
    (tmp_path / "texts" / "000004.txt").write_text(
        "a person jumps#a/DET#1.0#3.5\na person turns#a/DET#4.0#5.0\na person does both#a/DET#0.0#0.0\n", "utf-8"
    )
    found = {clip.name: clip for clip in humanml3d_folder.clips(humanml3d_folder.open_folder(tmp_path), "train")}
    assert set(found) == {"000001", "000002", "000004", "000004~0", "000006", "000007"}
    assert found["000004"].captions == ("a person does both",) and found["000004~0"].captions == ("a person jumps",)
    np.testing.assert_array_equal(found["000004~0"].features, found["000004"].features[20:70])


def test_a_good_folder_has_nothing_wrong(tmp_path: Path) -> None:
    make(tmp_path)
    report = check.check(tmp_path)
    assert report.errors == () and dict(report.rows)["usable"].startswith("12 clips")
    assert dict(report.rows)["captions"] == "24, of which 0 of a part of a clip"


def remove(folder: Path) -> None:
    (folder / "new_joint_vecs" / "000002.npy").unlink()


def narrow(folder: Path) -> None:
    np.save(folder / "new_joint_vecs" / "000002.npy", np.zeros((60, 250), np.float32))


def spoil(folder: Path) -> None:
    path = folder / "new_joint_vecs" / "000002.npy"
    values = np.load(path)
    values[3, 3] = np.inf
    np.save(path, values)


def silence(folder: Path) -> None:
    (folder / "texts" / "000002.txt").unlink()


def garble(folder: Path) -> None:
    (folder / "texts" / "000002.txt").write_text("a person walks\n", encoding="utf-8")


def leak(folder: Path) -> None:
    with (folder / "test.txt").open("a", encoding="utf-8") as file:
        file.write("000002\n")


def evaluators(folder: Path) -> None:
    std = np.load(folder / "Std.npy")
    std[:4] /= 25
    std[-4:] /= 25
    np.save(folder / "Std.npy", std)


def other_mean(folder: Path) -> None:
    mean = np.load(folder / "Mean.npy")
    mean[3] += 1
    np.save(folder / "Mean.npy", mean)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (remove, "without a readable file in new_joint_vecs: 000002"),
        (narrow, "do not have 263 numbers a frame: 000002"),
        (spoil, "NaN or infinite numbers, which are left out: 000002"),
        (silence, "without a text file or with an empty one: 000002"),
        (garble, "line 1 of"),
        (leak, "both in train.txt and in test.txt: 000002"),
        (other_mean, "Mean.npy is not these clips' mean: column 3"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, damage: Callable[[Path], None], said: str) -> None:
    make(tmp_path)
    damage(tmp_path)
    errors = check.check(tmp_path).errors
    assert len(errors) == 1 and said in errors[0]


def test_the_evaluators_statistics_are_told_from_the_data_sets(tmp_path: Path) -> None:
    make(tmp_path)
    rng = np.random.default_rng(0)
    for path in (tmp_path / "new_joint_vecs").glob("*.npy"):
        np.save(path, rng.normal(size=(60, 263)).astype(np.float32))
    np.save(tmp_path / "Mean.npy", np.zeros(263, np.float32))
    np.save(tmp_path / "Std.npy", np.ones(263, np.float32))
    assert check.check(tmp_path).errors == ()
    evaluators(tmp_path)
    assert "the evaluators' file" in check.check(tmp_path).errors[0]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    np.save(tmp_path / "Std.npy", np.zeros(251))
    with pytest.raises(MotionError, match=r"Std.npy has the shape \(251,\)"):
        humanml3d_folder.open_folder(tmp_path)
    (tmp_path / "Mean.npy").write_bytes(b"not an array")
    with pytest.raises(MotionError, match=r"Mean.npy is damaged"):
        humanml3d_folder.open_folder(tmp_path)
    (tmp_path / "Mean.npy").unlink()
    with pytest.raises(MotionError, match=r"Mean.npy is missing"):
        humanml3d_folder.open_folder(tmp_path)
