"""When the source's feet rest on the ground, and how high their joints then are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import smooth
from mdm_core.skeleton import INDEX

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Contacts:
    """How much each foot rests on the ground, 0 to 1, smooth in time. ankle, ball: [T, 2] (left, right).

    ankle_height, ball_height: metres above y = 0 at which they rest on the floor.
    """

    ankle: Array
    ball: Array
    ankle_height: float
    ball_height: float


ANKLES = (INDEX["left_ankle"], INDEX["right_ankle"])
BALLS = (INDEX["left_foot"], INDEX["right_foot"])
STILL = 0.6
"""Metres a second below which a foot that is low is taken to stand, where the contacts are not given."""
LOW = 0.05
"""Metres above its usual height on the floor at which a foot joint still stands."""


def contacts_of(positions: Array, fps: float, given: NDArray[np.bool_] | None) -> Contacts:
    """Contacts from the given flags [T, 4] (order of `skeleton.FEET`), or from slowness; a raised foot never counts."""
    ankles, balls = positions[:, ANKLES, :], positions[:, BALLS, :]
    if given is None:
        touching_ankle, touching_ball = _slow(ankles, fps), _slow(balls, fps)
    else:
        touching_ankle, touching_ball = given[:, [0, 2]], given[:, [1, 3]]
    ankle_height = _floor(ankles[..., 1], touching_ankle, 0.07, (0.02, 0.16))
    ball_height = _floor(balls[..., 1], touching_ball, 0.02, (-0.04, 0.10))
    sigma = 0.05 * fps
    standing_ankle = touching_ankle & (ankles[..., 1] < ankle_height + LOW)
    standing_ball = touching_ball & (balls[..., 1] < ball_height + LOW)
    return Contacts(
        ankle=smooth(standing_ankle.astype(np.float64), sigma),
        ball=smooth(standing_ball.astype(np.float64), sigma),
        ankle_height=ankle_height,
        ball_height=ball_height,
    )


def _slow(points: Array, fps: float) -> NDArray[np.bool_]:
    if len(points) < 2:
        return np.ones(points.shape[:2], dtype=np.bool_)
    return np.linalg.norm(np.gradient(points, axis=0), axis=-1) * fps < STILL


def _floor(heights: Array, touching: NDArray[np.bool_], usual: float, bounds: tuple[float, float]) -> float:
    """The height at which a foot joint usually rests: the usual one of its heights in contact."""
    low = heights[touching]
    return float(np.clip(np.percentile(low, 40), *bounds)) if len(low) >= 5 else usual
