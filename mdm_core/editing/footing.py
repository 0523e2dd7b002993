"""What feet must do while the body is carried: at any time one of them stands, and one that moves is off the ground.

Models leave stretches in which no foot clearly stands and the body glides, and feet that swing along the ground. Here
stances are added to those that were found, and feet in between are lifted. Only knows positions; `finish` locks feet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import contacts
from mdm_core.cleanup.footlock import ease
from mdm_core.cleanup.smoothing import around, gaussian
from mdm_core.skeleton import FEET

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

NEAR_GROUND = 0.06
"""Metres above its resting height at which a foot may still bear the body; higher, both feet are in the air."""
FASTEST_SUPPORT = 1.0
"""Metres a second: a foot that moves faster bears nothing, however low it is."""
SHORTEST_SUPPORT = 0.2
"""Seconds: shorter ones are not worth a stop of the foot."""
GLIDING, MOSTLY = 0.4, 0.6
"""Metres a second that both feet exceed, and the share of time in which they do, in a motion that is to glide."""
CLEARANCE = 0.035
"""Metres that the toes of a foot that swings pass above the height at which they rest."""
CREEPING, SWINGING = 0.3, 0.6
"""Metres a second: a foot slower than the one may touch the ground, one as fast as the other has its full clearance."""
LIFT_SECONDS = 0.08
"""How softly feet are lifted: the width of a Gaussian."""


def glides(positions: Numbers, fps: float) -> bool:
    """Whether the body of [T, 22, 3] goes without steps, as on skates: mostly no foot rests, nor are both aloft."""
    feet = positions[:, list(FEET)]
    rests = contacts.speed(feet, fps).min(axis=1) < GLIDING
    in_the_air = feet[..., 1].min(axis=1) > np.percentile(feet[..., 1], 5) + NEAR_GROUND
    return bool((~rests & ~in_the_air).mean() > MOSTLY)


def supported(stances: Mask, positions: Numbers, fps: float) -> Mask:
    """`stances` [T, 4] with more where no foot stands though the body is not in the air: of the slower foot then.

    positions: [T, 22, 3] metres, ground near 0; order of `skeleton.FEET`.
    """
    feet = positions[:, list(FEET)]
    above = feet[..., 1] - contacts.rest_height(feet[..., 1], stances.astype(float))
    pace = gaussian(contacts.speed(feet, fps), 0.05 * fps)
    low = (above < NEAR_GROUND) & (pace < FASTEST_SUPPORT)
    cost = np.where(low, pace, np.inf)
    by_side = np.stack([cost[:, :2].min(axis=1), cost[:, 2:].min(axis=1)], axis=1)
    bears = (by_side == by_side.min(axis=1, keepdims=True)) & np.isfinite(by_side)
    bears &= ~stances.any(axis=1, keepdims=True)
    result = stances.copy()
    for side in range(2):
        both = bears[:, side] | stances[:, 2 * side] | stances[:, 2 * side + 1]
        kept = contacts.drop_short(both, round(SHORTEST_SUPPORT * fps)) & bears[:, side]
        for joint in (2 * side, 2 * side + 1):
            result[:, joint] |= kept & low[:, joint] & (cost[:, joint] <= by_side[:, side] + contacts.ROLL)
    return result


def lifts(positions: Numbers, stances: Mask, fixed: Mask, fps: float) -> Numbers:
    """How much higher each foot must go, metres [T, 2], so as not to swing along the ground.

    fixed: bool [T, 2], feet that must stay where they are.
    """
    feet = positions[:, list(FEET)]
    rest = contacts.rest_height(feet[..., 1], stances.astype(float))
    result = np.zeros(fixed.shape)
    for side in range(2):
        heel, toe = 2 * side, 2 * side + 1
        swings = ease((contacts.speed(feet[:, toe], fps) - CREEPING) / (SWINGING - CREEPING)) * CLEARANCE
        missing = np.maximum(0.0, swings - (feet[:, [heel, toe], 1] - rest[[heel, toe]]).min(axis=1))
        down = fixed[:, side] | stances[:, heel] | stances[:, toe]
        missing[down] = 0.0
        soft = gaussian(around(missing, round(LIFT_SECONDS * fps / 2)), LIFT_SECONDS * fps)
        distance = _frames_to(down)
        result[:, side] = soft * ease(distance / (2 * LIFT_SECONDS * fps + 1))
    return result


def _frames_to(mask: Mask) -> Numbers:
    """Frames from each of [T] to the nearest true one."""
    at = np.flatnonzero(mask)
    frames = np.arange(len(mask))
    return np.abs(frames[:, None] - at[None]).min(axis=1) if len(at) else np.full(len(mask), np.inf)
