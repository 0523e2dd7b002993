"""Changed tracks brought back to the original where they must meet it.

NumPy alone; which frames these are is the plan's business.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import from_axis_angle, inverse, multiply, normalize

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]


def anchored_rotations(original: Array, changed: Array, fixed: Mask, fade: int) -> Array:
    """Quaternions [T, 4] that are the original's at fixed frames [T] and near it around them, over `fade` frames.

    What the edit left at a fixed frame is taken off the frames around it too, less and less, so that nothing jumps.
    """
    change = to_vector(multiply(inverse(normalize(original)), changed))
    rest = _exponential(-spread(change, fixed, fade))
    result = multiply(changed, rest)
    return np.where(fixed[:, None], original, result)


def anchored_places(original: Array, changed: Array, fixed: Mask, fade: int) -> Array:
    """The same for places [T, 3]."""
    result = changed - spread(changed - original, fixed, fade)
    return np.where(fixed[:, None], original, result)


def spread(values: Array, fixed: Mask, fade: int) -> Array:
    """Values [T, n] of the fixed frames, eased out over `fade` frames or up to the next fixed frame."""
    frames = np.arange(len(values))
    result = np.zeros_like(values)
    known = np.flatnonzero(fixed)
    if len(known) == 0:
        return result
    after = np.searchsorted(known, frames)
    before = np.clip(after - 1, 0, None)
    after = np.clip(after, None, len(known) - 1)
    left, right = known[before], known[after]
    room = np.where((left < frames) & (right > frames), np.minimum(fade, right - left), fade)
    for anchor, there in ((left, left < frames), (right, right > frames)):
        share = np.clip(1 - np.abs(frames - anchor) / np.maximum(room, 1), 0, 1)
        result += np.where(there & ~fixed, share * share * (3 - 2 * share), 0.0)[:, None] * values[anchor]
    return np.where(fixed[:, None], values, result)


def to_vector(rotation: Array) -> Array:
    """Axis times angle [..., 3] of quaternions [..., 4], the short way."""
    rotation = np.where(rotation[..., :1] < 0, -rotation, rotation)
    sine = np.linalg.norm(rotation[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, rotation[..., :1])
    return rotation[..., 1:] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)


def _exponential(vector: Array) -> Array:
    return from_axis_angle(normalize(vector), np.linalg.norm(vector, axis=-1))
