"""Two-bone inverse kinematics in closed form: where the knee goes for an ankle to be somewhere. One limb, no body."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations

Array = NDArray[np.floating[Any]]

STRAIGHTEST = 0.9995
"""A limb is stretched to at most this share of its length, so that its plane is never lost (3.6 degrees of bend)."""
TRUSTED = 0.08
"""Metres that a knee must stand off the line from hip to ankle for its direction to be trusted alone. A model's knees
stray by centimetres: nearer to the line one that points backwards is noise, and would be bent that way further."""
FORWARD = 0.3
"""Share of `TRUSTED` by which a knee on the line is taken to stand in front of it."""


def reach(upper: float, lower: float) -> float:
    """The greatest distance, metres, that a limb of these two bones spans."""
    return STRAIGHTEST * (upper + lower)


def flexion(distance: Array, upper: float, lower: float) -> Array:
    """Radians between the directions of two bones whose ends are `distance` metres apart; 0 when straight."""
    cosine = (distance**2 - upper**2 - lower**2) / (2 * upper * lower)
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def spanned(flexion: Array, upper: float, lower: float) -> Array:
    """The distance, metres, between the ends of two bones with `flexion` radians between their directions."""
    return np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(flexion))


def solve(
    hip: Array, knee: Array, ankle: Array, target: Array, upper: float, lower: float, hint: Array
) -> tuple[Array, Array]:
    """New knee and ankle [T, 3] of limbs that start at `hip` and end at `target`, or as near to it as they reach.

    hip, knee, ankle, target: [T, 3] metres; knee and ankle as they are in the motion, on this hip: the knee keeps
    their plane, swung with the line from hip to ankle, and is in front of it where the limb is nearly straight. upper,
    lower: bone lengths. hint: [T, 3] where the knee should point when the limb is straight, given for the old line.
    """
    old_line = rotations.normalize(ankle - hip)
    offset = knee - hip
    pole = offset - np.sum(offset * old_line, axis=-1, keepdims=True) * old_line
    pole = forwards(pole, rotations.normalize(hint - np.sum(hint * old_line, axis=-1, keepdims=True) * old_line))

    span = target - hip
    line = np.where(np.linalg.norm(span, axis=-1, keepdims=True) > 1e-9, rotations.normalize(span), old_line)
    pole = rotations.rotate(rotations.between(old_line, line), pole)
    pole = rotations.normalize(pole - np.sum(pole * line, axis=-1, keepdims=True) * line)

    nearest = abs(upper - lower) + 1e-3 * (upper + lower)
    distance = np.clip(np.linalg.norm(span, axis=-1, keepdims=True), nearest, reach(upper, lower))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    return hip + along * line + aside * pole, hip + distance * line


def forwards(pole: Array, front: Array) -> Array:
    """Where knees stand off the lines of their limbs, [T, 3] metres, with those near the line in front of it.

    front: unit [T, 3] across the line. The less a knee stands off, the more what points backwards is turned over.
    """
    size = np.linalg.norm(pole, axis=-1, keepdims=True)
    ahead = np.sum(pole * front, axis=-1, keepdims=True)
    doubt = np.clip(1 - size / TRUSTED, 0.0, 1.0)
    doubt = doubt * doubt * (3 - 2 * doubt)
    result = pole + doubt * (np.maximum(np.abs(ahead), FORWARD * TRUSTED) - ahead) * front
    return np.where(np.linalg.norm(result, axis=-1, keepdims=True) > 1e-9, result, front)
