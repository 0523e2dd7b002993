"""Two-bone inverse kinematics in closed form: where the knee goes for an ankle to be somewhere. One limb, no body."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations

Array = NDArray[np.floating[Any]]

STRAIGHTEST = 0.9995
"""A limb is stretched to at most this share of its length, so that its plane is never lost (3.6 degrees of bend)."""
STRAIGHT = 0.01
"""Metres that a knee must stand off the line from hip to ankle for its direction to be trusted alone."""


def reach(upper: float, lower: float) -> float:
    """The greatest distance, metres, that a limb of these two bones spans."""
    return STRAIGHTEST * (upper + lower)


def solve(
    hip: Array, knee: Array, ankle: Array, target: Array, upper: float, lower: float, hint: Array
) -> tuple[Array, Array]:
    """New knee and ankle [T, 3] of limbs that start at `hip` and end at `target`, or as near to it as they reach.

    hip, knee, ankle, target: [T, 3] metres; knee and ankle as they are in the motion, on this hip: the knee keeps
    their plane, swung with the line from hip to ankle. upper, lower: bone lengths. hint: [T, 3] where the knee should
    point when the limb is straight, given for the old line.
    """
    old_line = rotations.normalize(ankle - hip)
    offset = knee - hip
    pole = offset - np.sum(offset * old_line, axis=-1, keepdims=True) * old_line
    lacking = np.maximum(0.0, STRAIGHT - np.linalg.norm(pole, axis=-1, keepdims=True))
    pole = pole + lacking * hint

    span = target - hip
    line = np.where(np.linalg.norm(span, axis=-1, keepdims=True) > 1e-9, rotations.normalize(span), old_line)
    pole = rotations.rotate(rotations.between(old_line, line), pole)
    pole = rotations.normalize(pole - np.sum(pole * line, axis=-1, keepdims=True) * line)

    nearest = abs(upper - lower) + 1e-3 * (upper + lower)
    distance = np.clip(np.linalg.norm(span, axis=-1, keepdims=True), nearest, reach(upper, lower))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    return hip + along * line + aside * pole, hip + distance * line
