"""Recordings to clips and rotations: parts, rates, who is held out, and rotations that give the joints back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from mdm_core.datasets import amass, clips
from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.recording import Recording
from mdm_core.datasets.worded import WordFile, Words
from mdm_core.features import smpl_rot6d
from mdm_core.skeleton import PARENTS
from tests.datasets import folders
from tests.datasets.bodies import standing
from tests.datasets.folders import swinging

WALK = swinging((0, 0, 1.2), 240, 0)


def test_a_row_of_a_part_is_that_part_at_twenty_frames_a_second() -> None:
    rows = (Words("single", ("a person walks",), ("walk",)), Words("sequence", ("a person goes",), (), 2.0, 5.0))
    found = list(clips.cleaned(Recording("a/b", "x", WALK, 40.0), rows, 7))
    assert [(c.name, c.subject, c.kind) for c in found] == [("a/b", 7, "single"), ("a/b~1", 7, "sequence")]
    assert len(found[0].positions) == 120 and len(found[1].positions) == 60
    assert found[0].actions == ("walk",) and found[1].captions == ("a person goes",)
    length = np.linalg.norm(found[0].positions[-1, 0] - found[0].positions[0, 0])
    assert length == pytest.approx(np.linalg.norm(WALK[-1, 0] - WALK[0, 0]), rel=0.05)


def test_motion_that_cannot_be_used_is_left_out() -> None:
    spoilt = WALK.copy()
    spoilt[3, 3] = np.nan
    leaping = WALK.copy()
    leaping[100:, :, 0] += 30
    still = standing(100)
    for positions in (spoilt, leaping, still, WALK[:30]):
        assert list(clips.cleaned(Recording("a", "x", positions, 40.0), (clips.NO_ROW,), 1)) == []
    unused = Words("unusable", ("a person walks",))
    assert next(clips.cleaned(Recording("a", "x", WALK, 40.0), (unused,), 1)).captions == ()


def test_subjects_keep_their_numbers_or_one_of_ten_is_held_out() -> None:
    assert clips.numbers(["05", "12", "05"]) == {"05": 5, "12": 12}
    names = [f"actor {k:02d}" for k in range(20)]
    found = clips.numbers(names)
    assert [name for name in names if found[name] in HELD_OUT] == ["actor 09", "actor 19"]
    assert len({found[name] for name in names if found[name] not in HELD_OUT}) == 18


def test_labels_come_from_captions_or_from_folders() -> None:
    recording = Recording("data/hop/take", "hop", WALK, 40.0)
    words = WordFile({"take": (Words("sequence", ("a person hops",), ("jump",)),)})
    assert clips.words_of(recording, words, "captions")[0].actions == ("jump",)
    assert clips.words_of(recording, words, "folder")[0].actions == ("hop",)
    assert clips.words_of(recording, WordFile({}), "captions") == (clips.NO_ROW,)
    assert clips.words_of(recording, WordFile({}), "folder")[0].kind == "single"


def test_rotations_at_another_rate_are_scipys() -> None:
    keys = Rotation.random(5, random_state=0)
    local = np.tile(keys.as_matrix()[:, None], (1, 24, 1, 1))
    root = np.random.default_rng(0).normal(size=(5, 3))
    found, places = clips.at_rate(local, root, 30.0)
    times = np.arange(3) / 20
    expected = Slerp(np.arange(5) / 30, keys)(times).as_matrix()
    np.testing.assert_allclose(found[:, 7], expected, atol=1e-9)
    np.testing.assert_allclose(places[:, 1], np.interp(times, np.arange(5) / 30, root[:, 1]))


def test_fitted_rotations_give_the_joints_back(tmp_path: Path) -> None:
    """Limbs keep their directions exactly; hips, spine and collars bend where SMPL's are rigid, a few centimetres."""
    folders.amass_folder(tmp_path, ("walk",), takes=1)
    body = amass.read_one(tmp_path / "walk" / "take_0_poses.npz", "walk").positions[::3]
    sample = next(clips.rotated(Recording("a", "x", body, 20.0), (Words("single", (), ("walk",)),), unseen=False))
    made = smpl_rot6d.recover_positions(sample.features)
    assert sample.action == "walk" and made.shape[1:] == (22, 3)
    reference = clips.clean(body, 20.0)
    assert reference is not None
    np.testing.assert_allclose(made, reference, atol=0.08)
    limbs = [4, 5, 7, 8, 10, 11, 18, 19, 20, 21]
    parents = [PARENTS[j] for j in limbs]
    np.testing.assert_allclose(
        made[:, limbs] - made[:, parents], reference[:, limbs] - reference[:, parents], atol=1e-3
    )


def test_a_files_own_rotations_are_kept() -> None:
    local = np.tile(Rotation.random(24, random_state=2).as_matrix()[None], (30, 1, 1, 1))
    positions = smpl_rot6d.forward_kinematics(local, np.zeros((30, 3)))[:, :22]
    recording = Recording("a", "x", positions, 20.0, local)
    sample = next(clips.rotated(recording, (clips.NO_ROW,), unseen=True))
    numbers = sample.features.reshape(30, 25, 6)
    np.testing.assert_allclose(smpl_rot6d.matrices(numbers[:, 1:24]), local[:, 1:], atol=1e-5)
    assert sample.unseen and sample.action == ""
    assert list(clips.rotated(Recording("a", "x", positions[:8], 20.0, local[:8]), (clips.NO_ROW,), unseen=True)) == []
