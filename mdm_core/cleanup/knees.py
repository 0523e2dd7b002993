"""Quiet knees of legs that swing. The body, and feet that stand, stay where they are.

A knee stands off the line from hip to ankle by a square root of what the leg lacks to its full length: nearly straight,
a millimetre of noise between them is centimetres of the knee. There the knee is believed rather than the ankle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import two_bone
from mdm_core.cleanup.bones import LEGS, Leg, with_ankles
from mdm_core.cleanup.smoothing import trend
from mdm_core.skeleton import BONE_LENGTHS

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

STRENGTH = 1e-8
"""m^2 s^3 / rad: how much the square of the way that ankles are moved is worth in jerk of the knee's angle."""
STILL = 50.0
"""rad/s^3: what has less is smoothed in proportion (`smoothing.trend`)."""
STRAIGHT = 0.04
"""Metres a radian: how far a knee bent by 11 degrees moves its ankle; a straighter one counts as if it moved it so."""
HELD = 1e3
"""m^2 / rad^2: the weight of a knee over a foot that stands."""


def quiet(positions: Array, stances: Mask, fps: float, lengths: Array = BONE_LENGTHS) -> Array:
    """Positions [T, 22, 3] with the knees of swinging legs smoothed, at the cost of millimetres at their ankles.

    positions: metres, bones of `lengths` [22], ground at y = 0; stances: bool [T, 4] in the order of `skeleton.FEET`.
    Ankles move along the line from the hip, feet stay parallel, and nothing gets below the ground that was not.
    """
    result = positions.copy()
    ankles = positions[:, [leg.ankle for leg in LEGS]].copy()
    standing = stances[:, ::2] | stances[:, 1::2]
    for side, leg in enumerate(LEGS):
        swinging = ~standing[:, side]
        ankles[swinging, side] = eased(positions, leg, standing[:, side], fps, lengths)[swinging]
    bent = with_ankles(positions, ankles, lengths)
    for side, leg in enumerate(LEGS):
        joints = [leg.knee, leg.ankle, leg.foot]
        result[:, joints] = np.where(standing[:, side, None, None], positions[:, joints], bent[:, joints])
    return result


def eased(positions: Array, leg: Leg, standing: Mask, fps: float, lengths: Array) -> Array:
    """Where the ankle [T, 3] goes for its knee to bend smoothly. standing: bool [T], frames in which it stays."""
    upper, lower = float(lengths[leg.knee]), float(lengths[leg.ankle])
    hip, ankle, foot = (positions[:, joint] for joint in (leg.hip, leg.ankle, leg.foot))
    span = ankle - hip
    distance = np.maximum(np.linalg.norm(span, axis=-1), 1e-6)
    angle = two_bone.flexion(distance, upper, lower)
    slope = upper * lower * np.sin(angle) / distance
    weights = np.where(standing, HELD, slope**2 + STRAIGHT**2)
    smooth = trend(angle[:, None, None], fps, STRENGTH, STILL, weights[:, None])[:, 0, 0]
    goal = hip + span * (two_bone.spanned(np.clip(smooth, 0.0, np.pi), upper, lower) / distance)[:, None]
    lowest = np.minimum(ankle[:, 1], foot[:, 1])
    sunk = np.minimum(lowest, 0.0) - (lowest + (goal - ankle)[:, 1])
    goal[:, 1] += np.maximum(0.0, sunk)
    return goal
