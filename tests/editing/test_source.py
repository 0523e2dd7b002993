"""Any motion to features and back: against `features.humanml3d`'s own recovery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mdm_core.cleanup import measures
from mdm_core.editing import source
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.skeleton import BONE_LENGTHS


def figure(frames: int = 40, lengths: NDArray[Any] = BONE_LENGTHS) -> NDArray[np.float64]:
    """Somebody with these bones who stands on y = 0, knees a little bent, and swings the arms."""
    pose = np.repeat(rest_pose(lengths)[None], frames, axis=0)
    for hip, knee, ankle, foot in ((1, 4, 7, 10), (2, 5, 8, 11)):
        toes = pose[:, foot] - pose[:, ankle]
        pose[:, knee] = pose[:, hip] + lengths[knee] * np.array([0, -np.cos(0.2), np.sin(0.2)])
        pose[:, ankle] = pose[:, knee] + lengths[ankle] * np.array([0, -np.cos(0.2), -np.sin(0.2)])
        pose[:, foot] = pose[:, ankle] + toes
    t = np.arange(frames)[:, None] / 20
    for shoulder, arm in ((16, (18, 20)), (17, (19, 21))):
        for joint in arm:
            reach = np.linalg.norm(pose[0, joint] - pose[0, shoulder])
            swing = np.concatenate([0 * t, -np.cos(0.5 * np.sin(3 * t)), np.sin(0.5 * np.sin(3 * t))], axis=1)
            pose[:, joint] = pose[:, shoulder] + reach * swing
    return pose - [0, pose[..., 1].min(), 0]


@pytest.mark.parametrize("facing", ["steady", "humanml3d"])
def test_features_hold_the_motion(facing: humanml3d.Facing) -> None:
    """Recovered positions are the motion's own, up to where it starts and faces; no frame is lost."""
    motion = figure() + [0.3, 0, 1.0]
    recovered = humanml3d.recover_positions(source.encode(motion, facing))
    assert recovered.shape == motion.shape
    np.testing.assert_allclose(recovered - recovered[:1, :1], motion - motion[:1, :1], atol=1e-5)


def test_our_own_body_is_not_touched() -> None:
    motion = figure()
    placement = source.place(motion, 20.0)
    assert placement.scale == 1.0
    np.testing.assert_allclose(placement.to_model(motion, 20.0) + placement.offset, motion, atol=1e-6)


@pytest.mark.parametrize("size", [0.02, 1.0, 130.0])
def test_another_body_comes_back_as_it_was(size: float) -> None:
    """Centimetres, a child, a giant: there on the model's bones, back on its own, the feet on the ground."""
    lengths = BONE_LENGTHS * np.linspace(0.9, 1.1, 22) * size
    motion = figure(lengths=lengths) + np.array([3.0, 0.5, -2.0]) * size
    placement = source.place(motion, 20.0)
    there = placement.to_model(motion, 20.0)
    assert measures.bone_deviation(there) < 1e-9
    assert abs(there[..., [7, 10, 8, 11], 1].min()) < 0.02
    np.testing.assert_allclose(placement.to_world(there, 20.0), motion, atol=2e-2 * size)
    np.testing.assert_allclose(placement.lengths, lengths, rtol=1e-6, atol=1e-9)


def test_a_heap_of_points_is_no_body() -> None:
    with pytest.raises(MotionError, match="legs"):
        source.place(np.zeros((5, 22, 3)), 20.0)


def test_one_frame_has_features() -> None:
    assert source.encode(figure(1), "steady").shape == (1, 263)


def test_sampling_hits_whole_frames_and_is_smooth_between() -> None:
    x = np.sin(np.arange(20) / 3)[:, None]
    at = np.arange(0, 19, 0.25)
    sampled = source.sampled(x, at)
    np.testing.assert_array_equal(sampled[::4], x[:19])
    assert np.abs(sampled[4:-8, 0] - np.sin(at[4:-8] / 3)).max() < 2e-3
    np.testing.assert_array_equal(source.sampled(x, np.array([-3.0, 99.0])), x[[0, -1]])
