"""Quaternions as Blender's other rotation modes, without jumps, and back. No Blender here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import continuous, from_axis_angle, multiply, normalize, to_matrix

Array = NDArray[np.floating]
TURN = 2 * math.pi


def to_euler(q: Array, order: str) -> Array:
    """Angles [T, 3] (about x, y, z) in Blender's order ("XYZ": x is applied first), continuous over time.

    Of the two triples of each rotation the one nearer to the frame before is taken, whole turns added or
    taken away. At gimbal lock the last angle applied is kept from the frame before.
    """
    i, j, k = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    m = to_matrix(q)
    # R = R_k R_j R_i, hence R[k, i] = -sign sin(b) for the middle angle b.
    middle = np.arctan2(-sign * m[:, k, i], np.hypot(m[:, i, i], m[:, j, i]))
    first = np.arctan2(sign * m[:, k, j], m[:, k, k])
    last = np.arctan2(sign * m[:, j, i], m[:, i, i])
    locked = np.hypot(m[:, i, i], m[:, j, i]) < 1e-6
    # Where it is locked only first ∓ last is defined, by R[j, j] and R[j, k]: the last is chosen, the first follows.
    both = np.arctan2(-sign * m[:, j, k], m[:, j, j])
    triples = _triples(*(it.tolist() for it in (first, middle, last, both, locked)))
    result = np.empty((len(q), 3))
    result[:, [i, j, k]] = triples
    return result


Triple = tuple[float, float, float]


def _triples(
    first: list[float], middle: list[float], last: list[float], both: list[float], locked: list[bool]
) -> list[Triple]:
    """Each frame's angles in the order in which they are applied. Numbers, not arrays: each follows from the last."""
    before: Triple = (0.0, 0.0, 0.0)
    found: list[Triple] = []
    for a, b, c, ac, lock in zip(first, middle, last, both, locked, strict=True):
        if lock:
            before = _near((ac + math.copysign(1.0, b) * before[2], b, before[2]), before)
        else:
            one, other = _near((a, b, c), before), _near((a + math.pi, math.pi - b, c + math.pi), before)
            before = one if _apart(one, before) <= _apart(other, before) else other
        found.append(before)
    return found


def _near(triple: Triple, before: Triple) -> Triple:
    """The same angles with whole turns added, each as near as can be to the one before."""
    (a, b, c), (x, y, z) = triple, before
    return a + TURN * round((x - a) / TURN), b + TURN * round((y - b) / TURN), c + TURN * round((z - c) / TURN)


def _apart(a: Triple, b: Triple) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2])


def to_axis_angle(q: Array) -> Array:
    """Blender's axis-angle values [T, 4] (angle, x, y, z), continuous over time."""
    q = continuous(q)
    sine = np.linalg.norm(q[:, 1:], axis=-1)
    angle = 2 * np.arctan2(sine, q[:, 0])
    turned = sine > 1e-9
    axis = np.where(turned[:, None], q[:, 1:] / np.maximum(sine, 1e-9)[:, None], np.nan)
    result = np.empty((len(q), 4))
    last = axis[np.argmax(turned)] if turned.any() else np.array([0.0, 1.0, 0.0])
    turns = 0.0
    for t in range(len(q)):
        now = axis[t] if turned[t] else last
        flip = -1.0 if now @ last < 0 else 1.0
        value = flip * angle[t]
        if t:
            turns = 2 * np.pi * np.round((result[t - 1, 0] - value) / (2 * np.pi))
        last = flip * now
        result[t] = [value + turns, *last]
    return result


def from_mode(values: Array, mode: str) -> Array:
    """Unit quaternions [T, 4] of values in a rotation mode: "QUATERNION" [T, 4] of any length, "AXIS_ANGLE" [T, 4]
    (angle, x, y, z) or an Euler order [T, 3]."""
    if mode == "QUATERNION":
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        return np.where(length > 0, values / np.maximum(length, 1e-30), [1.0, 0.0, 0.0, 0.0])
    if mode == "AXIS_ANGLE":
        return from_axis_angle(normalize(values[:, 1:]), values[:, 0])
    first, middle, last = (from_axis_angle(np.eye(3)["XYZ".index(axis)], values[:, "XYZ".index(axis)]) for axis in mode)
    return multiply(last, multiply(middle, first))
