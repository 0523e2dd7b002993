"""Feet that stand still while they stand: the slide of every stance is taken out and the legs follow by two-bone IK.

Works on SMPL-22 positions with constant bone lengths; which foot stands when is decided in `contacts`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup.bones import LEGS, Leg, plant
from mdm_core.cleanup.contacts import runs
from mdm_core.cleanup.smoothing import gaussian
from mdm_core.skeleton import BONE_LENGTHS, FEET

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

BLEND = 0.3
"""Seconds in which a foot gets from its locked place back to its own path, and to the next lock."""
TURN_BLEND = 0.1
"""Seconds in which a foot gets into and out of the heading that it keeps while it stands flat."""
FLOOR = 0.15
"""Metres: how far above or below the ground a model may put the feet by mistake."""
BODY_SIGMA = 0.5
"""Seconds: the body goes with its standing feet as softly as a Gaussian of this width, so that legs need not lean."""


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


def lock(positions: Array, stances: Mask, fps: float, lengths: Array = BONE_LENGTHS) -> Array:
    """Positions [T, 22, 3] whose feet do not slide or turn while they stand, and never go below the ground.

    positions: metres, bones of `lengths` [22], ground at y = 0; stances: bool [T, 4] in the order of `skeleton.FEET`.
    Each stance is held at the mean of its own path; between stances the correction fades.
    """
    positions = np.array(positions, dtype=np.float64)
    ankles = np.empty((len(positions), len(LEGS), 3))
    shifts = np.zeros((len(positions), len(LEGS), 3))
    standing = np.zeros((len(positions), len(LEGS)), dtype=bool)
    for side, leg in enumerate(LEGS):
        heel, toe = stances[:, 2 * side], stances[:, 2 * side + 1]
        keep_heading(positions, leg, heel & toe, fps)
        standing[:, side] = heel | toe
        shifts[:, side] = foot_shift(positions[:, leg.ankle], positions[:, leg.foot], heel, toe, fps)
        ankles[:, side] = positions[:, leg.ankle] + shifts[:, side]
    body = body_follow(shifts, standing, fps)
    return plant(positions + body[:, None], ankles, fps, lengths)


def keep_heading(positions: Array, leg: Leg, flat: Mask, fps: float) -> None:
    """Hold the heading of the foot, in place, through every stretch of `flat` [T]; it turns about its middle.

    Its pitch stays free: heels come up slowly, long before the toes leave.
    """
    ankle, foot = positions[:, leg.ankle].copy(), positions[:, leg.foot].copy()
    heading = rotations.normalize((foot - ankle) * [1, 0, 1])
    ramp = max(1, round(TURN_BLEND * fps))
    held, weights = np.zeros_like(heading), np.zeros((len(flat), 1))
    for start, stop in runs(flat):
        frames = np.arange(max(0, start - ramp), min(len(flat), stop + ramp))
        outside = np.maximum(0, np.maximum(start - frames, frames - (stop - 1)))
        weight = ease(1 - outside / (ramp + 1))[:, None]
        held[frames] += weight * rotations.normalize(heading[start:stop].mean(axis=0))
        weights[frames] += weight
    wanted = rotations.normalize(np.maximum(0.0, 1 - weights) * heading + held)
    turn = rotations.between(heading, wanted)
    middle = (ankle + foot) / 2
    positions[:, leg.ankle] = middle + rotations.rotate(turn, ankle - middle)
    positions[:, leg.foot] = middle + rotations.rotate(turn, foot - middle)


def foot_shift(ankle: Array, foot: Array, heel: Mask, toe: Mask, fps: float) -> Array:
    """What to add to both joints of a foot [T, 3] so that the one it stands on stays where it is.

    ankle, foot: [T, 3]; heel, toe: which of them is on the ground, bool [T]. Only the horizontal slide is taken out:
    the joints lie above the sole, and rise and fall by centimetres as the foot rolls.
    """
    stretches = runs(heel | toe)
    shift = np.zeros_like(ankle)
    for start, stop in stretches:
        moved = np.zeros((stop - start, 3))
        for t in range(start, stop - 1):
            steps = [p[t + 1] - p[t] for p, on in ((foot, toe), (ankle, heel)) if on[t] and on[t + 1]]
            if steps:
                moved[t + 1 - start] = steps[0] * (1, 0, 1)
        drift = np.cumsum(moved, axis=0)
        shift[start:stop] = drift.mean(axis=0) - drift
    fade(shift, stretches, BLEND * fps)
    lowest = np.minimum(ankle[:, 1], foot[:, 1]) + shift[:, 1]
    shift[:, 1] += np.maximum(0.0, -lowest)
    return shift


def fade(values: Array, stretches: list[tuple[int, int]], blend: float) -> None:
    """Fill `values` [T, n] in place between `stretches`: from one to the next, by way of zero if there is time."""
    edges = [(0, 0), *stretches, (len(values), len(values))]
    for (_, start), (stop, _) in zip(edges, edges[1:], strict=False):
        frames = np.arange(start, stop)
        before = values[start - 1] if start > 0 else np.zeros(values.shape[1])
        after = values[stop] if stop < len(values) else np.zeros(values.shape[1])
        reach = min(blend, stop - start + 1)
        since, until = (frames - start + 1)[:, None], (stop - frames)[:, None]
        values[start:stop] = ease(1 - since / reach) * before + ease(1 - until / reach) * after


def body_follow(shifts: Array, standing: Mask, fps: float) -> Array:
    """How the body goes [T, 3] with the mean shift of its standing feet ([T, 2, 3], [T, 2]), in the long run."""
    count = standing.sum(axis=1, keepdims=True)
    mean = (shifts * standing[..., None]).sum(axis=1) / np.maximum(count, 1)
    weight = gaussian((count > 0).astype(np.float64), BODY_SIGMA * fps)
    return gaussian(mean, BODY_SIGMA * fps) * weight


def ease(t: Array) -> Array:
    """Smoothstep of t, clipped to 0..1: level at both ends."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3 - 2 * t)
