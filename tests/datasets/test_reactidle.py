"""Idle recordings: read from a file like the published one, and from the published one where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets import evidence, reactidle
from mdm_core.errors import MotionError
from mdm_core.skeleton import BONE_LENGTHS, PARENTS
from tests.datasets.bodies import standing

SHARED = Path(__file__).parents[3] / "shared" / "data"
NAMES = sorted({name for a, b, _ in reactidle.BETWEEN.values() for name in (a, b)})


def written(folder: Path, scale: float = 1.1) -> None:
    """Two seconds of a large person who stands, at 24 fps, joints where SMPL's have the same place."""
    body = standing(48) * scale - [0, 0.95, 0]
    places = {a: body[:, joint] for joint, (a, b, _) in reactidle.BETWEEN.items() if a == b}
    places |= {"neck": body[:, 12], "face": body[:, 15]}
    positions = np.stack([places[name] for name in NAMES], axis=1).astype(np.float16)
    np.savez(folder / reactidle.FILE, names=NAMES, fps=24.0, parents=np.zeros(len(NAMES)), acted_007_acted=positions)


def test_a_person_who_stands_is_brought_to_the_uniform_skeleton_and_rate(tmp_path: Path) -> None:
    written(tmp_path)
    (clip,) = reactidle.clips(tmp_path)
    assert (clip.subject, clip.actions, clip.kind) == (reactidle.FIRST_SUBJECT + 7, ("idle",), "single")
    assert len(clip.positions) == 1 + int(47 / 24 * 20)
    bones = clip.positions[:, 1:] - clip.positions[:, np.array(PARENTS[1:])]
    np.testing.assert_allclose(np.linalg.norm(bones, axis=-1), np.broadcast_to(BONE_LENGTHS[1:], (40, 21)), atol=1e-6)
    wanted = standing(40)
    direct = [0, 1, 2, 4, 5, 7, 8, 10, 11, 18, 19, 20, 21]
    np.testing.assert_allclose(clip.positions[:, direct, 1], wanted[:, direct, 1], atol=0.03)
    assert clip.positions[0, 4, 0] > clip.positions[0, 5, 0]
    assert clip.positions[0, 10, 2] > clip.positions[0, 7, 2]
    assert evidence.shows("idle", clip.positions)


def test_no_file_is_no_clip_and_another_file_is_refused(tmp_path: Path) -> None:
    assert list(reactidle.clips(tmp_path)) == []
    np.savez(tmp_path / reactidle.FILE, names=["pelvis"], fps=24.0, one=np.zeros((5, 1, 3)))
    with pytest.raises(MotionError, match="ReActIdle"):
        list(reactidle.clips(tmp_path))


def test_people_of_the_published_file_stand_on_the_floor_and_hardly_move() -> None:
    if not (SHARED / reactidle.FILE).exists():
        pytest.skip("The recordings are in ../shared, which is absent.")
    clips = list(reactidle.clips(SHARED))
    assert len(clips) == 22
    for clip in clips:
        assert clip.positions[:, [10, 11], 1].min() > -0.05
        assert 0.84 < clip.positions[:, 0, 1].mean() < 0.92
    still = [evidence.shows("idle", clip.positions[k : k + 80]) for clip in clips for k in range(0, 700, 100)]
    assert np.mean(still) > 0.9
