"""Synthetic motions for tests: a standing body that is moved as a whole, or whose limbs are moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import BONE_LENGTHS, CHAINS, JOINTS

Positions = NDArray[np.float64]
DOWN, UP, LEFT, FORWARD = np.array([0, -1.0, 0]), np.array([0, 1.0, 0]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
DIRECTION = {1: LEFT, 2: -LEFT, 3: UP, 6: UP, 9: UP, 12: UP, 15: UP, 13: LEFT, 14: -LEFT, 16: LEFT, 17: -LEFT}
DIRECTION |= dict.fromkeys((4, 5, 7, 8, 18, 19, 20, 21), DOWN) | {10: FORWARD, 11: FORWARD}


def standing(frames: int) -> Positions:
    """The uniform skeleton upright on y = 0, facing +Z, arms down: [frames, 22, 3]."""
    pose = np.zeros((JOINTS, 3))
    for chain in CHAINS:
        for parent, joint in zip(chain, chain[1:], strict=False):
            pose[joint] = pose[parent] + BONE_LENGTHS[joint] * DIRECTION[joint]
    pose[:, 1] -= pose[:, 1].min()
    return np.repeat(pose[None], frames, axis=0)


def moved(positions: Positions, velocity: tuple[float, float, float], fps: float = 20.0) -> Positions:
    """The motion carried along at `velocity`, metres a second."""
    seconds = np.arange(len(positions)) / fps
    return positions + seconds[:, None, None] * np.array(velocity)


def turned(positions: Positions, radians: float) -> Positions:
    """The motion turned evenly by `radians` (positive to the left) from its first to its last frame."""
    angle = np.linspace(0, radians, len(positions))
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, z = positions[..., 0], positions[..., 2]
    return np.stack([c * x + s * z, positions[..., 1], c * z - s * x], axis=-1)
