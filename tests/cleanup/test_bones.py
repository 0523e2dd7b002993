"""Bone lengths become exact while the feet stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import bones, measures
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.rotations import normalize
from mdm_core.skeleton import BONE_LENGTHS, PARENTS

ANKLES = [7, 8]
Mocap = dict[str, NDArray[np.float64]]


def stretched(positions: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """The motion with bones that breathe by some centimetres, as a model's output does."""
    return positions + np.random.default_rng(seed).normal(0, 0.01, positions.shape)


def test_lengths_are_exact_and_reachable_ankles_stay(mocap: Mocap) -> None:
    for positions in mocap.values():
        given = stretched(positions)
        result = bones.constant(given, 20.0)
        assert measures.bone_deviation(result) < 1e-9
        away = np.linalg.norm(result - given, axis=-1)[:, ANKLES]
        assert np.mean(away < 1e-6) > 0.9 and away.max() < 0.05


def test_a_body_that_has_these_lengths_is_left_alone(mocap: Mocap) -> None:
    for positions in mocap.values():
        moved = np.abs(bones.constant(positions, 20.0) - positions)
        # Straight knees are bent by two degrees; one that a recording bends backwards by 1.2 cm is turned over.
        assert np.median(moved) < 1e-6 and moved.max() < 0.025


def test_directions_above_the_hips_are_kept() -> None:
    pose = np.stack([rest_pose(BONE_LENGTHS)] * 3) * 1.04
    result = bones.constant(pose, 20.0)
    for joint in (3, 6, 9, 12, 15, 13, 16, 18, 20):
        wanted = normalize(pose[:, joint] - pose[:, PARENTS[joint]])
        np.testing.assert_allclose(normalize(result[:, joint] - result[:, PARENTS[joint]]), wanted, atol=1e-9)


def test_a_foot_out_of_reach_pulls_the_body_down() -> None:
    pose = np.stack([rest_pose(BONE_LENGTHS)] * 30)
    ankles = pose[:, ANKLES] - [0, 0.1, 0]
    result = bones.plant(pose, ankles, 20.0)
    np.testing.assert_allclose(result[:, ANKLES], ankles, atol=5e-3)
    assert measures.bone_deviation(result) < 1e-9
