"""When the source's feet rest on the ground, and how high their joints then are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import smooth
from mdm_core.cleanup.contacts import close_gaps, detect, drop_short, runs
from mdm_core.skeleton import FEET, INDEX

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Heights:
    """Metres above y = 0 at which the joints of the left and the right foot rest on the floor, each [2]."""

    ankle: Array
    ball: Array


@dataclass(frozen=True)
class Contacts:
    """How much each foot rests on the ground, 0 to 1, smooth in time. ankle, ball: [T, 2] (left, right).

    stances: bool [T, 4], in the order of `skeleton.FEET`: joints that stand still, on the floor or on something.
    """

    ankle: Array
    ball: Array
    heights: Heights
    stances: Mask

    @property
    def flat(self) -> Mask:
        """Bool [T, 2]: heel and ball both stand."""
        return self.stances[:, ::2] & self.stances[:, 1::2]


ANKLES = (INDEX["left_ankle"], INDEX["right_ankle"])
BALLS = (INDEX["left_foot"], INDEX["right_foot"])
LOW = 0.05
"""Metres above its usual height on the floor at which a foot joint still stands on it."""
SLIDING = 1.2
"""Metres a second above which a foot does not stand, whatever the contacts say."""
RISEN = 0.025
"""Metres above its lowest in a contact at which a joint stands no more: a heel lifts off before flags say so."""
ENOUGH = 5
"""Frames in contact that tell how high a foot rests."""
SHORTEST, GAP = 0.1, 0.1
"""Seconds: shorter stances are dropped, shorter breaks within a stance are closed."""


def contacts_of(positions: Array, fps: float, given: Mask | None, heights: Heights | None = None) -> Contacts:
    """Contacts from the given flags [T, 4] (order of `skeleton.FEET`), or from slow low feet; a raised foot rests on
    no floor. heights: those of the floor, measured where not given."""
    ankles, balls = positions[:, ANKLES, 1], positions[:, BALLS, 1]
    touching = detect(positions, fps) if given is None else given
    if heights is None:
        heights = Heights(
            _floor(ankles, touching[:, ::2], 0.07, (0.02, 0.16)), _floor(balls, touching[:, 1::2], 0.02, (-0.04, 0.10))
        )
    sigma = 0.05 * fps
    standing_ankle = touching[:, ::2] & (ankles < heights.ankle + LOW)
    standing_ball = touching[:, 1::2] & (balls < heights.ball + LOW)
    return Contacts(
        ankle=smooth(standing_ankle.astype(np.float64), sigma),
        ball=smooth(standing_ball.astype(np.float64), sigma),
        heights=heights,
        stances=_stances(positions, touching, fps),
    )


def _stances(positions: Array, touching: Mask, fps: float) -> Mask:
    """`touching` [T, 4] without short breaks, without moments, and without frames to which a foot slid or rose."""
    steps = np.linalg.norm(np.diff(positions[:, list(FEET)], axis=0), axis=-1) * fps
    result = np.stack([close_gaps(column, round(GAP * fps)) for column in touching.T], axis=-1)
    slid = result[1:] & result[:-1] & (steps > SLIDING)
    result[1:] &= ~slid
    heights = positions[:, list(FEET), 1]
    for k, column in enumerate(result.T):
        for start, stop in runs(column):
            lowest = heights[start:stop, k].min()
            result[start:stop, k] = heights[start:stop, k] < lowest + RISEN
    return np.stack([drop_short(column, round(SHORTEST * fps)) for column in result.T], axis=-1)


def _floor(heights: Array, touching: Mask, usual: float, bounds: tuple[float, float]) -> Array:
    """The height [2] at which the joint of either foot rests: the usual one in contact, of both feet if one has few."""
    both = heights[touching]
    common = float(np.percentile(both, 40)) if len(both) >= ENOUGH else usual
    own = [heights[touching[:, k], k] for k in (0, 1)]
    usual_of = [float(np.percentile(one, 40)) if len(one) >= ENOUGH else common for one in own]
    return np.clip(np.array(usual_of), *bounds)
