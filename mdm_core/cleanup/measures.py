"""How physical a motion is: slide, float, penetration, jitter, bone lengths. NumPy; nothing is changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import BONE_LENGTHS, FEET, PARENTS

Array = NDArray[np.floating[Any]]


def slide(positions: Array, contacts: NDArray[np.bool_], fps: float) -> float:
    """Mean horizontal speed, m/s, of foot joints between two frames at both of which they are in contact.

    positions: [T, 22, 3] metres; contacts: [T, 4] in the order of `skeleton.FEET`. 0 without contacts.
    """
    step = np.diff(positions[:, list(FEET)][..., [0, 2]], axis=0)
    standing = contacts[1:] & contacts[:-1]
    return float(np.linalg.norm(step, axis=-1)[standing].mean() * fps) if standing.any() else 0.0


def float_height(positions: Array, contacts: NDArray[np.bool_]) -> float:
    """Mean height above the ground, metres, of the lowest foot joint in frames in which a foot is in contact."""
    standing = contacts.any(axis=1)
    lowest = positions[:, list(FEET), 1].min(axis=1)
    return float(np.maximum(lowest[standing], 0).mean()) if standing.any() else 0.0


def penetration(positions: Array) -> float:
    """Mean depth below the ground, metres, of the deepest joint; 0 where none is below."""
    return float(np.maximum(-positions[..., 1].min(axis=1), 0).mean())


def jitter(positions: Array, fps: float) -> float:
    """Mean jerk, m/s^3, of all joints: the third difference."""
    if len(positions) < 4:
        return 0.0
    return float(np.linalg.norm(np.diff(positions, n=3, axis=0), axis=-1).mean() * fps**3)


def bone_deviation(positions: Array, lengths: Array = BONE_LENGTHS) -> float:
    """Greatest difference, metres, of any bone in any frame from `lengths` [22]."""
    bones = positions[:, 1:] - positions[:, np.array(PARENTS[1:])]
    return float(np.abs(np.linalg.norm(bones, axis=-1) - lengths[1:]).max())
