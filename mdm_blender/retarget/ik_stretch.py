"""How far Blender's IK solver shrinks a limb whose bones may stretch, and the scale of its first bone that undoes it.

Rigify's IK bones have `ik_stretch` 0.1, so where a limb bends the solver shortens its bones by up to 4 % instead of
bending it all the way. It always starts from the rest bend, in one plane, so the result depends on one number: how far
away the target is. What the solver does is computed here for a row of distances: selectively damped least squares
(Buss and Kim, 2005) with the constants that Blender's `iksolver` has. No Blender here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
LARGEST_TURN = np.pi / 4
"""Radians that a step may turn a joint by."""
LONGEST_STEP = 0.125
"""How far a step may move the end, as a share of the limb's length: half of it over its four joints."""
CARE = 0.8
"""The share of each step that is taken."""
SETTLED = np.array([1e-3, 1e-3, 1e-5, 1e-5])
"""A step below this, in radians and shares of the limb's length, is the last one after the first LEAST steps."""
LEAST, MOST = 11, 500
LEAST_WEIGHT = 0.01
"""How willing a bone is to stretch at least, where it may, against 1 for turning."""
BENDS = np.linspace(0.0, 1.0, 48) ** 1.5
"""Distances up to a straight limb that are tabulated, by how far it bends: its last degrees matter most."""
BEYOND = 1.0 + 0.04 * np.linspace(1.0, 0.1, 10) ** 2
"""Those that only a stretched limb reaches, as shares of its length."""
SCALES = np.linspace(0.9, 1.4, 251)
FINER = np.linspace(0.998, 1.002, 41)


@dataclass(frozen=True)
class StretchyLimb:
    """Two bones that may stretch. lengths [2]: at rest; bend: between them at rest, in radians, above zero.

    stretch [2]: each bone's `ik_stretch`.
    """

    lengths: tuple[float, float]
    bend: float
    stretch: tuple[float, float]


def solved(limb: StretchyLimb, distance: Array) -> Array:
    """Where the middle joint comes to be for targets at distances [N] from the first, [N, 2].

    In the limb's plane: along the line to the target, and across it. Lengths as in `limb`.
    """
    lengths = np.array(limb.lengths)
    total = float(lengths.sum())
    bones = np.tile(lengths / total, (len(distance), 1))
    first = np.arctan2(lengths[1] * np.sin(limb.bend), lengths[0] + lengths[1] * np.cos(limb.bend))
    turns = np.tile([first, -limb.bend], (len(distance), 1))
    goal = np.stack([distance / total, np.zeros(len(distance))], axis=-1)
    stretch = np.square(limb.stretch)
    weight = np.concatenate([np.ones(2), np.where(stretch > 0, np.maximum(stretch, LEAST_WEIGHT), 0.0)])
    moving = np.ones((len(distance), 1), dtype=np.bool_)
    for step in range(MOST):
        change = np.where(moving, _step(turns, bones, goal, weight), 0.0)
        turns += change[:, :2]
        bones += change[:, 2:]
        if step + 1 >= LEAST:
            moving &= (np.abs(change) >= SETTLED).any(axis=-1, keepdims=True)
            if not moving.any():
                break
    return total * bones[:, :1] * _direction(turns[:, 0])


def _direction(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _step(turns: Array, bones: Array, goal: Array, weight: Array) -> Array:
    """One step of the solver for turns [N, 2] and bone lengths [N, 2] towards goals [N, 2]: [N, 4].

    weight [4]: of each turn and stretch; 0 where it is none.
    """
    upper, lower = _direction(turns[:, 0]), _direction(turns.sum(axis=-1))
    forearm = bones[:, 1:] * lower
    tip = bones[:, :1] * upper + forearm
    wanted = goal - tip
    far = np.linalg.norm(wanted, axis=-1, keepdims=True)
    wanted = wanted * np.minimum(LONGEST_STEP / np.maximum(far, 1e-30), 1.0)
    columns = np.stack([_across(tip), _across(forearm), upper, lower], axis=-1) * np.sqrt(weight)
    left, sizes, right = np.linalg.svd(columns, full_matrices=False)
    sizes = np.maximum(sizes, 1e-10)
    parts = right * (np.einsum("nij,ni->nj", left, wanted) / sizes)[..., None]
    # A direction in which turning by little moves the end by much is damped.
    effect = np.einsum("nij,nj->ni", np.abs(right), np.linalg.norm(columns, axis=1)) / sizes
    allowed = LARGEST_TURN * np.minimum(1.0 / np.maximum(effect, 1e-30), 1.0)
    largest = (np.abs(parts) * np.sqrt(weight)).max(axis=-1)
    damping = np.minimum(allowed / np.maximum(largest, 1e-30), 1.0)
    each = np.minimum(damping[..., None] / np.maximum(weight, 1e-30), 1.0)
    change = CARE * (each * parts).sum(axis=1) * weight
    turn = np.abs(change).max(axis=-1, keepdims=True)
    return change * np.where(turn > LARGEST_TURN, LARGEST_TURN / (LARGEST_TURN + turn), 1.0)


def _across(v: Array) -> Array:
    return np.stack([-v[:, 1], v[:, 0]], axis=-1)


def matching_scale(limb: StretchyLimb, lengths: tuple[float, float], distance: Array) -> tuple[Array, Array]:
    """The scale [T] of the first bone with which the solver puts the middle joint nearest to where rigid bones have it.

    And how far away it stays [T]: next to nothing where both bones stretch alike. lengths: of the rigid bones; distance
    [T]: from the first joint to the target. The scale reaches the second bone too, so the scaled limb is the same
    problem at another distance, which makes one table for all frames.
    """
    at = _distances(limb, float(distance.min()) / SCALES[-1])
    middle = solved(limb, at)
    scale, away = np.ones(len(at)), np.zeros(len(at))
    for tried in (SCALES, FINER):
        trial = scale[:, None] * tried
        error = np.linalg.norm(_middle(lengths, trial * at[:, None]) - trial[..., None] * middle[:, None], axis=-1)
        # Where rigid bones cannot reach that far at any scale the smallest comes nearest.
        best = np.argmin(np.where(np.isnan(error), np.inf, error), axis=1)[:, None]
        scale, away = (np.take_along_axis(it, best, axis=1)[:, 0] for it in (trial, error))
    order = np.argsort(scale * at)
    reach = (scale * at)[order]
    return np.interp(distance, reach, scale[order]), np.interp(distance, reach, np.nan_to_num(away)[order])


def _distances(limb: StretchyLimb, nearest: float) -> Array:
    """The table's distances, from beyond the limb's length to the nearest, descending."""
    upper, lower = limb.lengths
    least = np.clip((upper**2 + lower**2 - nearest**2) / (2 * upper * lower), -1.0, 1.0)
    inner = np.pi - BENDS * (np.pi - np.arccos(least))
    within = np.sqrt(upper**2 + lower**2 - 2 * upper * lower * np.cos(inner))
    return np.concatenate([BEYOND * (upper + lower), within])


def _middle(lengths: tuple[float, float], distance: Array) -> Array:
    """Where two rigid bones meet that span the distance [...], as in `solved` [..., 2]; NaN where they cannot."""
    along = (lengths[0] ** 2 - lengths[1] ** 2 + distance**2) / (2 * distance)
    with np.errstate(invalid="ignore"):
        return np.stack([along, np.sqrt(lengths[0] ** 2 - along**2)], axis=-1)
