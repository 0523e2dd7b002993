"""How far a pose is off when a bone's channels are: its angle or its distance, linear in each channel.

Reducing keys asks this many thousand times, so it is worked out once, at the dense curve, as *rows*: the vectors, in
shares of what is allowed, that a unit of each channel adds. No Blender here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
STEP = 1e-4
"""By which a channel is changed to see what it does, in its own unit."""
LENGTH = 0.02
"""The share of its length by which a quaternion, or an axis, may be off: it turns nothing, but editors see it."""


def of_place(dense: Array, limit: Array) -> Array:
    """Of a place's or scale's channels [T, C], of which limit [T] is allowed: rows [T, 2, 3, C], the second zeros."""
    rows = np.eye(3, dense.shape[1]) / limit[:, None, None]
    return np.stack([rows, np.zeros_like(rows)], axis=1)


def of_rotation(dense: Array, full: Callable[[Array], Array], limit: Array, mode: str) -> Array:
    """Of the channels [T, C] of a rotation, which `full` makes unit quaternions of; limit [T]: degrees allowed.

    [T, 2, 3, C]: how a unit of a channel turns the bone, and by how much it lengthens the quaternion (or the axis, by
    mode), in shares of what is allowed.
    """
    turning = np.stack([_turning(dense, full, step) for step in STEP * np.eye(dense.shape[1])], axis=-1)
    rows = np.stack([np.degrees(turning) / limit[:, None, None], np.zeros_like(turning)], axis=1)
    if dense.shape[1] == 4 and mode in ("QUATERNION", "AXIS_ANGLE"):
        lengths = dense if mode == "QUATERNION" else dense * [0.0, 1.0, 1.0, 1.0]
        squared = np.einsum("tc,tc->t", lengths, lengths)
        rows[:, 1, 0] = lengths / np.maximum(squared, 1e-12)[:, None] / LENGTH
    return rows


def _turning(dense: Array, full: Callable[[Array], Array], step: Array) -> Array:
    """The rotation vector [T, 3], in radians a unit, by which the bone turns as its channels change along step [C]."""
    before, after = full(dense - step), full(dense + step)
    after = after * np.where(np.einsum("tc,tc->t", before, after) < 0, -1.0, 1.0)[:, None]
    across = before[:, :1] * after[:, 1:] - after[:, :1] * before[:, 1:] - np.cross(before[:, 1:], after[:, 1:])
    return across / STEP


def distance(a: Array, b: Array, rotation: bool) -> Array:
    """Degrees [T] between quaternions a [T, 4] of any length and unit ones b, or the distance [T] of places [T, 3]."""
    if not rotation:
        return np.linalg.norm(a - b, axis=-1)
    along, length = np.einsum("tc,tc->t", a, b), np.einsum("tc,tc->t", a, a)
    sine = np.sqrt(np.maximum(1.0 - along * along / np.maximum(length, 1e-30), 0.0))
    return np.degrees(2.0 * np.arcsin(np.minimum(sine, 1.0)))
