"""The way of the whole body: down to the ground, and as far over it as its feet say. No joint moves against another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup.contacts import slide_steps
from mdm_core.cleanup.smoothing import gaussian
from mdm_core.skeleton import FEET

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

FLOOR = 0.15
"""Metres: how far above or below the ground a model may put the feet by mistake."""
SIGMA = 0.5
"""Seconds: what feet slide on average over a step is the path's fault; what is quicker is the legs'."""
NATURAL = 0.06
"""Metres a second: the joints of a foot that stands well move as fast as this while it rolls."""


def on_ground(positions: Array, stances: Mask) -> Array:
    """The motion [T, 22, 3] raised or lowered as a whole so that its standing feet come down to y = 0.

    The tenth percentile of the lowest foot joint while one stands is what counts, as in the training data; a motion
    that is farther off than `FLOOR` stands on something else, and is left.
    """
    standing = stances.any(axis=1)
    if not standing.any():
        return positions
    height = float(np.percentile(positions[standing][:, list(FEET), 1].min(axis=1), 10))
    return positions - [0, height, 0] if abs(height) < FLOOR else positions


def with_feet(positions: Array, stances: Mask, fps: float) -> Array:
    """The motion [T, 22, 3] with its path changed so that standing feet, averaged over a step, do not slide.

    stances: bool [T, 4]. Models predict path and pose apart, and the path is often faster or slower than the legs. The
    first frame stays; every later one is moved by what the slower standing foot has slid so far, above `NATURAL`.
    """
    steps, measured = slide_steps(positions, stances)
    length = np.where(measured, np.linalg.norm(steps, axis=-1), np.inf)
    slower = np.take_along_axis(steps, np.argmin(length, axis=1)[:, None, None], axis=1)[:, 0]
    weight = gaussian(np.any(measured, axis=1).astype(np.float64), SIGMA * fps)[:, None]
    slide = gaussian(slower, SIGMA * fps) / np.maximum(weight, 1e-6)
    speed = np.linalg.norm(slide, axis=-1, keepdims=True) * fps
    slide *= np.maximum(0.0, 1 - NATURAL / np.maximum(speed, 1e-9))
    return positions - (np.cumsum(slide, axis=0) - slide[0])[:, None]
