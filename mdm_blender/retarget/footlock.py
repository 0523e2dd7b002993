"""Feet that stand where they stand: two-bone IK on the rig's own legs. Which foot stands when is told in `contacts`.

Everything is in the source's axes (Y up) and in the rig's units; `unit` is one source metre in these.
The legs keep the bend that the motion gives them: where the foot's place asks for a stretched leg the hips give way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import along, smooth
from mdm_core.cleanup.contacts import runs
from mdm_core.cleanup.footlock import ease, fade
from mdm_core.rotations import between, identity, inverse, multiply, normalize, rotate, slerp

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

BLEND = 0.25
"""Seconds in which a foot gets from the place where it stands back to its own path."""
FARTHEST = 0.2
"""Metres a foot is moved at most: farther, and what is called a contact is none."""
STEP = 0.05
"""Metres above its usual height from which a standing foot stands on something, and not on the floor."""
STEEPEST = 0.96
"""Sine of the steepest pitch that a foot gets to keep its ball on the ground: 74 degrees."""
STRETCHED, STANDING, STRAIGHTEST = 0.985, 0.997, 0.9995
"""Shares of its length to which IK may stretch a leg that the motion bends more, one that stands, and any leg."""
BENT, DAMPING = 0.9, 0.1
"""A leg stretched less than this does not pull at the body; and how soft the pull is."""
SOFT, REACH = 0.075, 0.2
"""Seconds over which the body follows the feet (Gaussian), and before and after which it gives way (window)."""
SLANTED = 0.8
"""Share of its length to which a leg can be slanted and still be helped by lower hips."""


@dataclass(frozen=True)
class Legs:
    """Both legs at every frame, left and right: joints [T, 2, 3], hinge: axes [T, 2, 3] of the knees.

    turned: how thigh and shin have turned, [T, 2, 2, 4] (side, bone), since these legs were first seen.
    """

    hip: Array
    knee: Array
    ankle: Array
    ball: Array
    hinge: Array
    turned: Array


@dataclass(frozen=True)
class Ground:
    """Where feet rest. ankle, ball: heights of the rig's joints when standing; level: [T, 2], what the foot stands on
    above the floor; heel: [T, 2], how much higher than standing the ankle is while only the heel touches."""

    ankle: Array
    ball: Array
    level: Array
    heel: Array


def lock(legs: Legs, stances: Mask, ground: Ground, unit: float, fps: float) -> tuple[Legs, Array]:
    """Legs whose feet stay where they stand, and how the body moves for it, [T, 3].

    stances: bool [T, 4] in the order of `skeleton.FEET`. Feet keep their orientation. A foot is held at the middle of
    its own path over the stance, and gets there and away softly.
    """
    shifts = np.stack([_foot_shift(legs, stances, ground, k, unit, fps) for k in (0, 1)], axis=1)
    targets = legs.ankle + shifts
    lengths = _lengths(legs)
    body = np.zeros((len(targets), 3))
    body[:, 1] = _follow(legs, targets, lengths, fps)
    standing = np.stack([held(stances[:, k] | stances[:, k + 1], BLEND, fps) for k in (0, 2)], axis=1)
    body[:, 1] -= _lowered(legs, targets - body[:, None], standing, lengths, fps)
    return _solved(legs, targets, body, lengths), body


def _foot_shift(legs: Legs, stances: Mask, ground: Ground, k: int, unit: float, fps: float) -> Array:
    """What to add to the foot's path [T, 3]."""
    heel, ball = stances[:, 2 * k], stances[:, 2 * k + 1]
    standing = heel | ball
    tracked = np.where(ball[:, None], legs.ball[:, k], legs.ankle[:, k])
    steps = np.zeros(tracked.shape)
    for joint, held in ((legs.ankle[:, k], heel), (legs.ball[:, k], ball)):
        both = held[1:] & held[:-1]
        steps[1:][both] = np.diff(joint, axis=0)[both]
    height = np.where(ball, ground.ball[k], ground.ankle[k] + ground.heel[:, k]) + ground.level[:, k]
    shift = np.zeros(tracked.shape)
    for start, stop in runs(standing):
        drift = np.cumsum(steps[start:stop], axis=0) - steps[start]
        shift[start:stop] = drift.mean(axis=0) - drift
        shift[start:stop, 1] = height[start:stop] - tracked[start:stop, 1]
        worst = np.linalg.norm(shift[start:stop], axis=-1).max()
        shift[start:stop] *= min(1.0, FARTHEST * unit / max(worst, 1e-9))
    fade(shift, runs(standing), BLEND * fps)
    sunk = np.maximum(
        ground.ball[k] - legs.ball[:, k, 1] - shift[:, 1], ground.ankle[k] - legs.ankle[:, k, 1] - shift[:, 1]
    )
    shift[:, 1] += np.where(standing, 0.0, _positive(sunk, 0.01 * unit))
    return shift


def _positive(x: Array, width: float) -> Array:
    """x where it is positive, else 0, with a rounded corner of this width."""
    return np.where(x > width, x, np.maximum(0.0, x + width) ** 2 / (4 * width))


def _lengths(legs: Legs) -> Array:
    """Thigh and shin of both legs, [2, 2] (side, bone)."""
    bones = np.stack([legs.knee - legs.hip, legs.ankle - legs.knee], axis=2)
    return np.median(np.linalg.norm(bones, axis=-1), axis=0)


def _follow(legs: Legs, targets: Array, lengths: Array, fps: float) -> Array:
    """How the hips rise or sink [T] so that nearly straight legs keep their stretch; bent ones take the change.

    A millimetre of stretch is a degree and more of a nearly straight knee: that is what pops.
    """
    own = np.linalg.norm(legs.ankle - legs.hip, axis=-1)
    span = targets - legs.hip
    wanted = np.linalg.norm(span, axis=-1)
    weight = np.clip((np.maximum(own, wanted) / lengths.sum(axis=1) - BENT) / (1 - BENT), 0.0, 1.0)
    row = weight * span[..., 1] / np.maximum(wanted, 1e-9)
    pull = np.sum(row * weight * (wanted - own), axis=1) / (np.sum(row**2, axis=1) + DAMPING)
    return smooth(pull, SOFT * fps)


def _lowered(legs: Legs, targets: Array, standing: Array, lengths: Array, fps: float) -> Array:
    """How far the hips must sink [T] so that no leg is stretched further than it may: never less, and smooth.

    The greatest need of the frames around, then averaged over no more frames than these. standing: [T, 2], 0 to 1.
    """
    whole = lengths.sum(axis=1)
    own = np.linalg.norm(legs.ankle - legs.hip, axis=-1) / whole
    longest = np.clip(own, STRETCHED, STRAIGHTEST + (STANDING - STRAIGHTEST) * standing) * whole
    span = legs.hip - targets
    aside = np.minimum(np.linalg.norm(span[..., [0, 2]], axis=-1), SLANTED * whole)
    need = np.maximum(0.0, span[..., 1] - np.sqrt(longest**2 - aside**2)).max(axis=1)
    reach = round(REACH * fps)
    if reach == 0 or not need.any():
        return need
    padded = np.pad(need, 2 * reach, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=-1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(highest, window / window.sum(), mode="valid")


def _solved(legs: Legs, targets: Array, body: Array, lengths: Array) -> Legs:
    """The legs with ankles at the targets [T, 2, 3], or as near as they reach, and knees on the side they were."""
    hip = legs.hip + body[:, None]
    span = targets - hip
    old_line = normalize(legs.ankle - legs.hip)
    line = np.where(np.linalg.norm(span, axis=-1, keepdims=True) > 1e-9, normalize(span), old_line)
    hinge = rotate(between(old_line, line), legs.hinge)
    upper, lower = lengths[:, 0], lengths[:, 1]
    nearest = np.abs(upper - lower) + 1e-3 * (upper + lower)
    distance = np.clip(np.linalg.norm(span, axis=-1), nearest, STRAIGHTEST * (upper + lower))
    share = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - share**2, 0.0))
    # Knock knees and bow legs stay: the knee keeps its distance from the plane across its axis.
    out_of_plane = np.sum((legs.knee - legs.hip) * _across(legs.hinge, old_line), axis=-1)
    sideways = np.clip(out_of_plane, -aside, aside)
    forward = np.sqrt(np.maximum(aside**2 - sideways**2, 0.0))
    axis = _across(hinge, line)
    knee = hip + share[..., None] * line + sideways[..., None] * axis + forward[..., None] * np.cross(line, axis)
    ankle = hip + distance[..., None] * line
    old = np.stack([legs.knee - legs.hip, legs.ankle - legs.knee], axis=2)
    new = np.stack([knee - hip, ankle - knee], axis=2)
    before, after = along(old, legs.hinge[:, :, None]), along(new, hinge[:, :, None])
    return replace(
        legs,
        hip=hip,
        knee=knee,
        ankle=ankle,
        ball=legs.ball + ankle - legs.ankle,
        hinge=hinge,
        turned=multiply(multiply(after, inverse(before)), legs.turned),
    )


def _across(v: Array, line: Array) -> Array:
    """The unit part of v [..., 3] across the unit line."""
    return normalize(v - np.sum(v * line, axis=-1, keepdims=True) * line)


def pitched(foot: Array, rise: Array, weight: Array) -> Array:
    """The turns [T, 4] that pitch a foot so that its ball is by `rise` [T] above the ankle, by their weight [T].

    foot: ankle to ball [T, 3]. It is never pitched steeper than STEEPEST.
    """
    length = np.linalg.norm(foot, axis=-1)
    down = np.clip(rise, -STEEPEST * length, 0.5 * length)
    flat = normalize(foot * [1.0, 0.0, 1.0]) * np.sqrt(length**2 - down**2)[:, None]
    wanted = np.stack([flat[:, 0], down, flat[:, 2]], axis=-1)
    return slerp(identity(len(foot)), between(foot, wanted), weight[:, None])


def held(mask: Mask, seconds: float, fps: float) -> Array:
    """Weights [T]: 1 where the mask is True, falling off smoothly over the seconds before and after."""
    if not mask.any():
        return np.zeros(len(mask))
    at = np.flatnonzero(mask)
    frames = np.arange(len(mask))
    right = np.clip(np.searchsorted(at, frames), 0, len(at) - 1)
    away = np.minimum(np.abs(at[right] - frames), np.abs(frames - at[np.maximum(right - 1, 0)]))
    return ease(1 - away / (round(seconds * fps) + 1))
