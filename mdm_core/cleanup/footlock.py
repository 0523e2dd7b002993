"""Feet that stand still while they stand: the slide of every stance is taken out and the legs follow by two-bone IK.

Works on SMPL-22 positions with constant bone lengths; which foot stands when is decided in `contacts`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup.bones import LEGS, Leg, plant
from mdm_core.cleanup.contacts import runs, slide_steps
from mdm_core.cleanup.smoothing import gaussian
from mdm_core.skeleton import BONE_LENGTHS

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

BLEND = 0.3
"""Seconds in which a foot gets from its locked place back to its own path, and to the next lock."""
TURN_BLEND = 0.1
"""Seconds in which a foot gets into and out of the heading that it keeps while it stands flat."""
FARTHEST = 0.15
"""Metres: a foot is not moved farther than this against the body; legs would lunge, so the rest stays a slide."""
BODY_SIGMA = 0.5
"""Seconds: the body goes with its standing feet as softly as a Gaussian of this width, so that legs need not lean."""


def lock(positions: Array, stances: Mask, fps: float, lengths: Array = BONE_LENGTHS) -> Array:
    """Positions [T, 22, 3] whose feet do not slide or turn while they stand, and never go below the ground.

    positions: metres, bones of `lengths` [22], ground at y = 0; stances: bool [T, 4] in the order of `skeleton.FEET`.
    Each stance is held at the mean of its own path; between stances the correction fades.
    """
    positions = np.array(positions, dtype=np.float64)
    for side, leg in enumerate(LEGS):
        keep_heading(positions, leg, stances[:, 2 * side] & stances[:, 2 * side + 1], fps)
    steps, _ = slide_steps(positions, stances)
    standing = stances[:, ::2] | stances[:, 1::2]
    shifts = np.stack([hold(steps[:, side], standing[:, side]) for side in range(len(LEGS))], axis=1)
    body = body_follow(shifts, standing, fps)
    ankles = np.empty((len(positions), len(LEGS), 3))
    for side, leg in enumerate(LEGS):
        lowest = positions[:, [leg.ankle, leg.foot], 1].min(axis=1)
        shift = between_stances(limited(shifts[:, side], body, standing[:, side]), standing[:, side], lowest, fps)
        ankles[:, side] = positions[:, leg.ankle] + shift
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


def hold(steps: Array, standing: Mask) -> Array:
    """What to add to a foot [T, 3] so that it stays at the middle of each stance; zero elsewhere.

    steps: [T, 3], how it slid since the frame before (`contacts.slide_steps`); standing: bool [T].
    """
    shift = np.zeros(steps.shape)
    for start, stop in runs(standing):
        drift = np.cumsum(steps[start:stop], axis=0) - steps[start]
        shift[start:stop] = drift.mean(axis=0) - drift
    return shift


def limited(shift: Array, body: Array, standing: Mask) -> Array:
    """`shift` [T, 3] with each stance's kept within `FARTHEST` of what the body itself moves, `body` [T, 3]."""
    result = shift.copy()
    for start, stop in runs(standing):
        own = shift[start:stop] - body[start:stop]
        worst = float(np.linalg.norm(own, axis=-1).max())
        result[start:stop] = body[start:stop] + own * min(1.0, FARTHEST / max(worst, 1e-9))
    return result


def between_stances(shift: Array, standing: Mask, lowest: Array, fps: float) -> Array:
    """`shift` [T, 3] carried on between stances, and raised where the foot's `lowest` joint [T] would sink."""
    result = shift.copy()
    fade(result, runs(standing), BLEND * fps)
    result[:, 1] += np.maximum(0.0, -(lowest + result[:, 1]))
    return result


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
