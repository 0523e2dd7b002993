"""When a foot stands: from the model's contact channels, checked against how the foot really moves. Moves nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import FEET

Array = NDArray[np.floating[Any]]

THRESHOLD, HYSTERESIS = 0.5, 0.1
"""A stance begins and ends where the channel passes 0.5 - 0.1, if it rises above 0.5 + 0.1 in between."""
SPEED, HEIGHT = 0.7, 0.09
"""A standing joint is slower than this (m/s) and less than this (m) above the height at which it usually rests."""
ROLL = 0.25
"""Metres a second between heel and toes: above it a foot is rolling, and stands only on the slower of the two."""
SETTLED, LANDING = 0.25, 0.15
"""A stance loses up to 0.15 s at either end, where the joint still moves faster (m/s) than just inside the stance."""
SHORTEST, GAP = 0.1, 0.1
"""Seconds: shorter stances are dropped, shorter breaks within a stance are closed."""


def plateaus(scores: Array, positions: Array, fps: float) -> NDArray[np.bool_]:
    """Stances bool [T, 4] in the order of `skeleton.FEET`.

    scores: the contact channels [T, 4], 1 on the ground, continuous or 0/1; positions: [T, 22, 3] metres.
    """
    feet = positions[:, list(FEET)]
    scores = np.where(rolling_off(feet, fps), 0.0, scores)
    fits = (speed(feet, fps) < SPEED) & (feet[..., 1] < rest_height(feet[..., 1], scores) + HEIGHT)
    result = np.empty(scores.shape, dtype=bool)
    velocity = velocities(feet, fps)
    for k in range(scores.shape[1]):
        stance = hysteresis(scores[:, k]) & fits[:, k]
        stance = close_gaps(stance, round(GAP * fps))
        stance = settled(stance, velocity[:, k], fps)
        result[:, k] = drop_short(stance, round(SHORTEST * fps))
    return result


def detect(positions: Array, fps: float) -> NDArray[np.bool_]:
    """Stances bool [T, 4] of a motion without contact channels, from speed and height alone."""
    feet = positions[:, list(FEET)]
    low = feet[..., 1] < np.percentile(feet[..., 1], 5, axis=0) + HEIGHT
    return plateaus((low & (speed(feet, fps) < SPEED / 2)).astype(float), positions, fps)


def rolling_off(feet: Array, fps: float) -> NDArray[np.bool_]:
    """Bool [T, 4]: the faster end of a foot that rolls over its other end. feet: [T, 4, 3], heel, toes of each side."""
    own = speed(feet, fps)
    result = np.zeros(own.shape, dtype=bool)
    for heel, toe in ((0, 1), (2, 3)):
        rolls = speed(feet[:, heel] - feet[:, toe], fps) > ROLL
        result[:, heel] = rolls & (own[:, heel] >= own[:, toe])
        result[:, toe] = rolls & (own[:, heel] < own[:, toe])
    return result


def settled(stance: NDArray[np.bool_], velocity: Array, fps: float) -> NDArray[np.bool_]:
    """[T] without the frames of landing and take-off; velocity: [T, 3] of the joint, m/s."""
    result = stance.copy()
    longest, near = round(LANDING * fps), round(3 * LANDING * fps)
    for start, stop in runs(stance):
        for frames in (range(start, stop), range(stop - 1, start - 1, -1)):
            drift = np.median(velocity[list(frames[:near])], axis=0)
            for t in frames[:longest]:
                if np.linalg.norm(velocity[t] - drift) < SETTLED:
                    break
                result[t] = False
    return result


def velocities(x: Array, fps: float) -> Array:
    """Metres a second [T, ..., 3] of points [T, ..., 3], central differences."""
    return np.gradient(x, axis=0) * fps if len(x) > 1 else np.zeros(x.shape)


def speed(x: Array, fps: float) -> Array:
    """Metres a second [T, ...] of points [T, ..., 3]."""
    return np.linalg.norm(velocities(x, fps), axis=-1)


def slide_steps(positions: Array, stances: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """How each foot slid over the ground since the frame before, metres [T, 2, 3], and whether it stood, bool [T, 2].

    positions: [T, 22, 3]; stances: [T, 4]. A foot on its toes is measured at the toes, else at the heel. Only the
    horizontal counts: the joints lie above the sole, and rise and fall by centimetres as the foot rolls.
    """
    feet = positions[:, list(FEET)]
    moved, held = np.zeros(feet.shape), np.zeros(stances.shape, dtype=bool)
    moved[1:] = np.diff(feet, axis=0) * (1, 0, 1)
    held[1:] = stances[1:] & stances[:-1]
    moved *= held[..., None]
    steps = [np.where(held[:, toe, None], moved[:, toe], moved[:, heel]) for heel, toe in ((0, 1), (2, 3))]
    return np.stack(steps, axis=1), held[:, ::2] | held[:, 1::2]


def rest_height(heights: Array, scores: Array) -> Array:
    """Metres [4]: the usual height of each joint while its channel says contact; its lowest tenth if it never does."""
    result = np.percentile(heights, 10, axis=0)
    for k in range(heights.shape[1]):
        standing = scores[:, k] > THRESHOLD
        if standing.any():
            result[k] = np.percentile(heights[standing, k], 25)
    return result


def hysteresis(score: Array) -> NDArray[np.bool_]:
    """Runs [T] of a channel [T] above the lower threshold that somewhere pass the upper one."""
    result = score >= THRESHOLD - HYSTERESIS
    for start, stop in runs(result):
        result[start:stop] = (score[start:stop] >= THRESHOLD + HYSTERESIS).any()
    return result


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop (exclusive) of every stretch of True in [T]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def close_gaps(mask: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """[T] with breaks of up to `longest` frames between two stretches filled; the ends are left."""
    result = mask.copy()
    for start, stop in runs(~mask):
        if start > 0 and stop < len(mask) and stop - start <= longest:
            result[start:stop] = True
    return result


def drop_short(mask: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """[T] without stretches of fewer than `shortest` frames, unless cut off by an end of the motion."""
    result = mask.copy()
    for start, stop in runs(mask):
        if stop - start < shortest and start > 0 and stop < len(mask):
            result[start:stop] = False
    return result
