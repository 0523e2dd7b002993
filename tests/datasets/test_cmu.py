"""CMU positions brought onto SMPL-22: against the reference joints, and by properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets import cmu
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.skeleton import BONE_LENGTHS, PARENTS
from tests.datasets.bodies import moved, standing

SHARED = Path(__file__).resolve().parents[3] / "shared"
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="needs ../shared/data, which is not here")


@needs_data
def test_mapping_equals_the_reference_joints() -> None:
    """The reference holds the same capture at 20 fps; ours has 12 fps, so compare at the times both have (0.25 s)."""
    wanted = np.load(SHARED / "reference" / "humanml3d_features" / "case.npz")["02_01_joints"]
    row, positions = next((r, p) for r, p in cmu.read(SHARED / "data") if r["id"] == "02_01")
    assert row["fps"] == 12
    ours = cmu.to_smpl22(positions)[::3]
    theirs = wanted[::5][: len(ours)]
    np.testing.assert_allclose(ours[: len(theirs)], theirs, atol=0.01)


@needs_data
def test_clips_are_clean() -> None:
    seen = 0
    for clip in cmu.clips(SHARED / "data"):
        lengths = np.linalg.norm(clip.positions[:, 1:] - clip.positions[:, list(PARENTS[1:])], axis=-1)
        np.testing.assert_allclose(lengths, np.broadcast_to(BONE_LENGTHS[1:], lengths.shape), atol=1e-6)
        assert cmu.plausible(clip.positions)
        assert abs(np.percentile(clip.positions[:, [7, 8, 10, 11], 1].min(axis=1), 10)) < 1e-6
        assert bool(clip.captions) == (clip.kind in ("single", "sequence"))
        seen += 1
        if seen == 60:
            break
    assert seen == 60


def test_resampling_keeps_a_smooth_motion() -> None:
    times = np.arange(37) / 12
    twelve = np.sin(2 * np.pi * times)[:, None, None] * np.ones((1, 2, 3))
    twenty = cmu.to_rate(twelve, 12)
    assert len(twenty) == 61
    np.testing.assert_allclose(twenty[:, 0, 0], np.sin(2 * np.pi * np.arange(61) / 20), atol=0.01)


def test_contacts_need_a_slow_and_low_foot() -> None:
    body = standing(60)
    assert cmu.contacts(body).all()
    body[20:40, [7, 10], 1] += 0.2
    lifted = cmu.contacts(body)
    assert not lifted[22:38, :2].any() and lifted[:, 2:].all()
    assert not cmu.contacts(moved(standing(60), (0, 0, 1.0))).any()


def test_still_ends_and_t_pose_are_cut() -> None:
    still, walk = standing(30), moved(standing(60), (0, 0, 1.0))
    whole = np.concatenate([still[:20], walk])
    assert abs(len(cmu.without_still_ends(whole, 20)) - 60) <= 1
    tpose = walk.copy()
    for arm, side in (((18, 20), 1), ((19, 21), -1)):
        for joint, parent in zip(arm, (16, 18) if side > 0 else (17, 19), strict=True):
            tpose[:15, joint] = tpose[:15, parent] + [side * 0.27, 0, 0]
    kept = cmu.without_still_ends(tpose, 20)
    assert len(kept) < len(tpose) - 15
    assert (kept[:, 20, 1] < kept[:, 16, 1] - 0.3).all()


@pytest.mark.parametrize(("hertz", "enough"), [(0.5, True), (1.0, True), (2.5, False)])
def test_swings_too_fast_for_six_frames_a_second_are_told_apart(hertz: float, enough: bool) -> None:
    body = standing(40)
    body[:, 21, 2] += 0.25 * np.sin(2 * np.pi * hertz * np.arange(40) / 6)
    assert cmu.sampled_well(body) is enough


def test_going_fast_is_no_reason_to_leave_a_clip_out_but_being_short_is() -> None:
    assert cmu.sampled_well(moved(standing(12), (0, 0, 5.0), 6))
    assert not cmu.sampled_well(standing(8))


def test_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"cmu_clips\.jsonl"):
        list(cmu.read(tmp_path))


def test_uniform_skeleton_scales_the_path_by_leg_length() -> None:
    tall = 1.2 * moved(standing(40), (0, 0, 1.0))
    uniform = humanml3d.to_uniform_skeleton(tall, humanml3d.uniform_offsets())
    np.testing.assert_allclose(uniform, moved(standing(40), (0, 0, 1.0)), atol=1e-9)
