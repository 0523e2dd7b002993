"""The axes about which elbows and knees bend: from the bend itself, and through straight limbs by continuity.

The reference is anatomical: in the T-pose an elbow folds the forearm forward about a vertical axis (palms
down), a knee folds the shin back about the body's left-right axis. Any other direction of the upper bone
gets its reference by the shortest arc from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import LEFT, UP, ramp, smooth
from mdm_core.rotations import between, inverse, normalize, rotate

Array = NDArray[np.floating]

T_POSE: dict[str, tuple[Array, Array]] = {
    "left_elbow": (LEFT, -UP),
    "right_elbow": (-LEFT, UP),
    "left_knee": (-UP, LEFT),
    "right_knee": (-UP, LEFT),
}
"""Joint -> direction of the bone above it in the T-pose, and the axis upper × lower when it bends."""

BENT = (8.0, 25.0)
"""Degrees of bend below which it says nothing about the axis, and above which it says all."""
STRAIGHT = 6.0
"""Degrees of bend below which a limb may change over from one way of bending to the other."""
OVERSTRETCHED = {"knee": 60.0, "elbow": 35.0}
"""Degrees up to which a bend against the reference is taken to be the wrong way; beyond, the reference is wrong."""
CARRY = 0.3
"""Seconds over which the axis of bent frames reaches into straight ones."""
TRUST = 0.02
"""Weight of the reference where no bent frame is near."""
REST_BENT = (8.0, 18.0)
"""The same for a rig at rest, which has no noise but may have been drawn carelessly."""


def reference(joint: str, upper: Array, trunk: Array) -> Array:
    """The axis [..., 3] of a relaxed limb. upper: directions [..., 3]; trunk: turn [..., 4] of chest or pelvis."""
    direction, axis = T_POSE[joint]
    inside = rotate(inverse(trunk), normalize(upper))
    return rotate(trunk, rotate(between(np.broadcast_to(direction, inside.shape), inside), axis))


def rest_hinge(joint: str, upper: Array, lower: Array) -> Array:
    """The axis [3] of a limb at rest: its own bend if that is plain and not absurd, else the reference."""
    neutral = reference(joint, upper, np.array([1.0, 0.0, 0.0, 0.0]))
    angle = about(neutral, np.cross(upper, lower), upper)
    if np.cos(angle) < 0.5:
        return neutral
    weight = ramp(_bend(upper, lower), *REST_BENT)
    return _turned(neutral, upper, weight * angle)


def carried_hinge(
    joint: str, upper: Array, lower: Array, trunk: Array, aside: tuple[float, float], fps: float
) -> Array:
    """The axes [T, 3] of a moving limb, not quite across its bones.

    upper, lower: directions [T, 3]; trunk: turn [T, 4] of chest or pelvis.

    aside: degrees by which upper and lower bone lean towards the axis, out of the plane across it (knock knees,
    carrying angle). Bending about the axis keeps both, so upper × lower alone would be wrong, the more the
    straighter the limb. Where the limb is bent the axis is that of the bend; where it is straight it is filled
    in, in its angle against the reference, from the bent frames around. A joint bent the wrong way keeps its axis.
    """
    neutral = reference(joint, upper, trunk)
    bend = _bend(upper, lower)
    lean = np.sin(np.radians(aside))
    tilt = _tilt(bend, *lean)
    z: NDArray[np.complex128] = np.exp(1j * about(neutral, np.cross(upper, lower), upper))
    wrong = _wrong_way(z, bend, OVERSTRETCHED[joint.partition("_")[2]])
    z = np.where(wrong, -z * np.exp(1j * tilt), z * np.exp(-1j * tilt))
    weight = ramp(bend, *BENT)
    filled = _filled(z, weight, fps)
    mixed = weight * z + (1 - weight) * filled
    axis = _turned(neutral, upper, np.angle(np.where(np.abs(mixed) < 1e-9, filled, mixed)))
    return lean[0] * upper + np.sqrt(1 - lean[0] ** 2) * axis


def _tilt(bend: Array, upper: float, lower: float) -> Array:
    """Radians [T] from upper × lower to the axis h of which h · upper and h · lower are given."""
    angle = np.radians(np.maximum(bend, 1e-6))
    across = np.clip((lower - upper * np.cos(angle)) / np.sin(angle), -1.0, 1.0)
    return np.arctan2(across, np.sqrt(np.maximum(1 - upper**2 - across**2, 0.0)))


def _wrong_way(z: NDArray[np.complex128], bend: Array, limit: float) -> NDArray[np.bool_]:
    """Frames [T] at which the joint is overstretched: told for whole runs between straight moments, by their mean.

    Frame by frame a limb that is turned far from the reference would flip to and fro.
    """
    jump = (z[1:] * z[:-1].conj()).real < 0
    split = np.concatenate([[False], jump | (bend[1:] < STRAIGHT) | (bend[:-1] < STRAIGHT)])
    run = np.cumsum(split)
    deepest = np.zeros(run[-1] + 1)
    np.maximum.at(deepest, run, bend)
    return ((np.bincount(run, z.real * bend) < 0) & (deepest < limit))[run]


def _filled(z: NDArray[np.complex128], weight: Array, fps: float) -> NDArray[np.complex128]:
    """The weighted average over CARRY seconds of unit numbers z [T], drawn to 1 (the reference) where none weighs."""
    parts = np.stack([weight * z.real, weight * z.imag, weight], axis=-1)
    average = smooth(parts, CARRY * fps)
    total = average[:, 0] + 1j * average[:, 1] + TRUST
    size = np.abs(total)
    return np.where(size > 1e-9, total / np.where(size > 1e-9, size, 1.0), 1.0)


def _bend(upper: Array, lower: Array) -> Array:
    """Degrees [...] between two directions."""
    cross = np.linalg.norm(np.cross(upper, lower), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(upper * lower, axis=-1)))


def about(a: Array, b: Array, axis: Array) -> Array:
    """Radians [...] about `axis` from a to b, both seen along the axis."""
    return np.arctan2(
        np.sum(np.cross(a, b) * normalize(axis), axis=-1), np.sum(a * (b - _part_along(b, axis)), axis=-1)
    )


def _part_along(v: Array, axis: Array) -> Array:
    unit = normalize(axis)
    return np.sum(v * unit, axis=-1, keepdims=True) * unit


def _turned(v: Array, axis: Array, angle: Array) -> Array:
    """v [..., 3], which is across the axis, turned about it by the angle [...]."""
    unit = normalize(axis)
    return np.cos(angle)[..., None] * v + np.sin(angle)[..., None] * np.cross(unit, v)
