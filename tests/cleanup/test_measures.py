"""The measures on motions whose values are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.cleanup import measures
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.skeleton import BONE_LENGTHS


def drifting(speed: float, frames: int = 10) -> np.ndarray:
    """The T-pose with its lowest joint on the ground, moving along x."""
    pose = rest_pose(BONE_LENGTHS)
    pose[:, 1] -= pose[:, 1].min()
    return pose + np.arange(frames)[:, None, None] * np.array([speed / 20, 0, 0])


def test_slide_is_the_horizontal_speed_in_contact() -> None:
    contacts = np.zeros((10, 4), dtype=bool)
    assert measures.slide(drifting(0.4), contacts, 20.0) == 0
    contacts[2:5, 1] = True
    assert measures.slide(drifting(0.4), contacts, 20.0) == pytest.approx(0.4)


def test_height_and_depth() -> None:
    contacts = np.ones((10, 4), dtype=bool)
    assert measures.float_height(drifting(0) + [0, 0.03, 0], contacts) == pytest.approx(0.03)
    assert measures.penetration(drifting(0) + [0, 0.03, 0]) == 0
    assert measures.penetration(drifting(0) - [0, 0.02, 0]) == pytest.approx(0.02)


def test_jitter_is_the_third_derivative() -> None:
    t = np.arange(30) / 20
    cubic = np.zeros((30, 22, 3))
    cubic[..., 1] = (2.0 * t**3 - t**2)[:, None]
    assert measures.jitter(cubic, 20.0) == pytest.approx(12.0)
    assert measures.jitter(drifting(0.4), 20.0) == pytest.approx(0, abs=1e-6)


def test_bone_deviation_is_the_worst_bone() -> None:
    pose = drifting(0)
    pose[3, 15] += 0.02 * (pose[3, 15] - pose[3, 12]) / BONE_LENGTHS[15]
    assert measures.bone_deviation(pose) == pytest.approx(0.02)
