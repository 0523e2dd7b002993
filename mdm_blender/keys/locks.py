"""What the locks of a rotation hold, by Blender's own rule, and the nearest rotation that leaves it alone. No Blender
here.

Blender has three rules (`transform_mode.cc`; the tests ask it). In an Euler mode a locked angle keeps its number. In
the other two, with `lock_rotations_4d`, its default, a locked component does. Without it, the locked ones of the XYZ
Euler angles that the rotation amounts to do, and any component may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import continuous, multiply, normalize, to_matrix

from .euler import from_mode, to_axis_angle, to_euler

Array = NDArray[np.floating]
FOURS = ("QUATERNION", "AXIS_ANGLE")
"""Rotation modes of four numbers; the Euler orders all have three."""
NOTHING = 1e-9
"""Below which two ways of turning cannot be told apart."""
TURN = 2 * np.pi


@dataclass(frozen=True)
class Locks:
    """mode: the rotation mode. axes: which of x, y, z is locked, and w: `lock_rotation_w`, which counts with
    by_component alone: `lock_rotations_4d`."""

    mode: str = "QUATERNION"
    axes: tuple[bool, ...] = (False, False, False)
    w: bool = False
    by_component: bool = True

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which of the mode's numbers keep their value; none where it is angles that no number tells of."""
        if self.mode not in FOURS:
            return self.axes
        return (self.w, *self.axes) if self.by_component else (False,) * 4

    @property
    def named(self) -> str:
        """The letters of what is locked, "" for nothing."""
        locked = (self.w, *self.axes) if self.mode in FOURS and self.by_component else self.axes
        return "".join(it for it, lock in zip("WXYZ"[-len(locked) :], locked, strict=True) if lock)

    @property
    def wholly(self) -> bool:
        """Whether nothing is left to turn: of a quaternion's components one alone tells nothing but a sign."""
        free = len(self.numbers) - sum(self.numbers)
        if self.mode == "QUATERNION" and self.by_component:
            return free < 2
        return free == 0 or (self.mode in FOURS and not self.by_component and all(self.axes))


@dataclass(frozen=True)
class Held:
    """Locks, and the mode's numbers [T or 1, n] at which they hold."""

    locks: Locks
    values: Array

    def at(self, rows: NDArray[np.int_]) -> Held:
        """The same at rows of the values."""
        return self if len(self.values) == 1 else replace(self, values=self.values[rows])


def nearest(held: Held, rotation: Array) -> Array:
    """The rotations nearest to these unit quaternions [T, 4] at which all that is locked is as it is held.

    Exact: a locked quaternion or axis keeps its length, so that a locked component also plays what it has played.
    """
    if not held.locks.named:
        return rotation
    if held.locks.mode in FOURS and not held.locks.by_component:
        return from_mode(_angles(held, rotation), "XYZ")
    return from_mode(numbers(held, rotation), held.locks.mode)


def numbers(held: Held, rotation: Array) -> Array:
    """`nearest` to unit quaternions [T, 4] in the numbers [T, n] of the mode, without jumps over time as far as what
    is locked leaves a choice; what is locked has its very numbers."""
    mode = held.locks.mode
    if held.locks.named:
        if held.locks.wholly:
            return np.array(np.broadcast_to(held.values, (len(rotation), held.values.shape[1])))
        if mode not in FOURS:
            return _angles(held, rotation)
        if held.locks.by_component:
            return _signed(held, _quaternion(held, rotation) if mode == "QUATERNION" else _axis_angle(held, rotation))
        rotation = nearest(held, rotation)
    if mode == "QUATERNION":
        return continuous(rotation)
    return to_axis_angle(rotation) if mode == "AXIS_ANGLE" else to_euler(rotation, mode)


def _angles(held: Held, rotation: Array) -> Array:
    """Euler angles [T, 3] of the nearest rotations, in the mode's order or, of other modes, in XYZ."""
    mode, locked = held.locks.mode, held.locks.axes
    angles = held.values
    if mode in FOURS:
        angles = _xyz(from_mode(held.values, mode))
    order = mode if mode not in FOURS else "XYZ"
    angles = np.array(np.broadcast_to(angles, (len(rotation), 3)))
    # How near a product of three turns is to the rotation: linear in cosine and sine of half of each angle.
    near_to, free = np.einsum("abcq,tq->tabc", _products(order), rotation), list[int]()
    for place, axis in enumerate(["XYZ".index(letter) for letter in reversed(order)], 1):
        if locked[axis]:
            half = np.stack([np.cos(angles[:, axis] / 2), np.sin(angles[:, axis] / 2)], axis=-1)
            shape = [len(half), 1, 1, 1]
            shape[place] = 2
            near_to = (near_to * half.reshape(shape)).sum(axis=place, keepdims=True)
        else:
            free.append(axis)
    if len(free) == 1:
        cosine, sine = near_to.reshape(-1, 2).T
        angles[:, free[0]] = _turned(sine, cosine, angles[:, free[0]])
    elif len(free) == 2:
        angles[:, free] = _two(near_to.reshape(-1, 2, 2), angles[:, free])
    angles[:, free] = np.unwrap(angles[:, free], axis=0)
    return angles


def _xyz(rotation: Array) -> Array:
    """Euler angles [T, 3] of rotations [T, 4], each by itself; where two are one turn the last is 0, as in Blender."""
    m = to_matrix(rotation)
    flat = np.hypot(m[:, 0, 0], m[:, 1, 0])
    first = np.where(flat > NOTHING, np.arctan2(m[:, 2, 1], m[:, 2, 2]), np.arctan2(-m[:, 1, 2], m[:, 1, 1]))
    last = np.where(flat > NOTHING, np.arctan2(m[:, 1, 0], m[:, 0, 0]), 0.0)
    return np.stack([first, np.arctan2(-m[:, 2, 0], flat), last], axis=-1)


def _products(order: str) -> Array:
    """Quaternions [2, 2, 2, 4]: of the axes in the order in which they are multiplied, each taken or left out."""
    parts = [np.stack([np.eye(4)[0], np.eye(4)[1 + "XYZ".index(axis)]]) for axis in reversed(order)]
    last, middle, first = parts[0][:, None, None], parts[1][None, :, None], parts[2][None, None, :]
    return multiply(last, multiply(middle, first))


def _turned(sine: Array, cosine: Array, now: Array) -> Array:
    """The angles [T] with these halves' sines and cosines, any length; `now` where they say nothing."""
    return np.where(np.hypot(sine, cosine) > NOTHING, 2 * np.arctan2(sine, cosine), now)


def _two(near_to: Array, now: Array) -> Array:
    """Two angles [T, 2] at whose halves (cos, sin) @ near_to [T, 2, 2] @ (cos, sin) is largest in size.

    It is a cosine of the halves' difference plus one of their sum, each of which can be 1.
    """
    (a, b), (c, d) = np.moveaxis(near_to, 0, -1)
    difference = _turned(c - b, a + d, now[:, 0] - now[:, 1]) / 2
    total = _turned(c + b, a - d, now[:, 0] + now[:, 1]) / 2
    return np.stack([total + difference, total - difference], axis=-1)


def _quaternion(held: Held, rotation: Array) -> Array:
    """Quaternions [T, 4] whose free components point as the rotation's do, with the length that they have."""
    locked = np.array(held.locks.numbers)
    values = np.broadcast_to(held.values, rotation.shape)
    along = np.where(locked, values * rotation, 0.0).sum(axis=-1, keepdims=True)
    return np.where(locked, values, np.where(along < 0, -1.0, 1.0) * _pointing(values, rotation, locked))


def _axis_angle(held: Held, rotation: Array) -> Array:
    """The same for an axis [T, 1:4], whose length says nothing, with the angle [T, 0] that is then nearest."""
    turns, *axes = held.locks.numbers
    locked = np.array(axes)
    values = np.broadcast_to(held.values, rotation.shape)
    axis, size = values[:, 1:], np.maximum(np.linalg.norm(values[:, 1:], axis=-1, keepdims=True), 1e-30)
    free = _pointing(axis, rotation[:, 1:], locked)
    along = np.where(locked, axis * rotation[:, 1:], 0.0).sum(axis=-1, keepdims=True) / size
    if turns:
        half = values[:, :1] / 2
        along = np.cos(half) * np.sin(half) * rotation[:, :1] + np.sin(half) ** 2 * along
    axis = np.where(locked, axis, np.where(along < 0, -1.0, 1.0) * free)
    if turns:
        return np.concatenate([values[:, :1], axis], axis=-1)
    sine = (axis * rotation[:, 1:]).sum(axis=-1) / size[:, 0]
    return np.concatenate([_turned(sine, rotation[:, 0], values[:, 0])[:, None], axis], axis=-1)


def _signed(held: Held, made: Array) -> Array:
    """Numbers [T, 4] without jumps over time, as far as what is locked leaves the choice of another writing."""
    locked = np.array(held.locks.numbers)
    if held.locks.mode == "QUATERNION" and not made[:, locked].any():
        return np.where(locked, made, continuous(made))
    return near(made, made, np.arange(len(made)) == 0, held.locks)


def _pointing(values: Array, rotation: Array, locked: NDArray[np.bool_]) -> Array:
    """The free numbers [T, n], as long as they are in `values`, along those of `rotation`; 0 for locked ones."""
    own, wanted = (np.where(locked, 0.0, it) for it in (values, rotation))
    told = np.linalg.norm(wanted, axis=-1, keepdims=True) > NOTHING
    return np.where(told, np.linalg.norm(own, axis=-1, keepdims=True) * normalize(wanted), own)


def near(values: Array, raw: Array, fixed: NDArray[np.bool_], locks: Locks) -> Array:
    """Values [T, n] of a rotation mode, each in the writing nearest to the frame before; `raw` [T, n] at fixed frames.

    The same rotation is q and -q; an angle about an axis, its opposite about the opposite one, and whole turns more;
    two triples of Euler angles, and whole turns more of each. A writing that alters what is locked is none.
    """
    result = np.array(values, dtype=np.float64)
    locked = np.array(locks.numbers)
    last = raw[0]
    for t in range(len(values)):
        if fixed[t]:
            last = raw[t]
        else:
            ways = _ways(values[t], last, locks.mode, locked)
            last = ways[int(np.argmin([np.abs(way - last).sum() for way in ways]))]
        result[t] = last
    return result


def _ways(value: Array, last: Array, mode: str, locked: NDArray[np.bool_]) -> Sequence[Array]:
    if mode == "QUATERNION":
        ways = [value, -value]
    elif mode == "AXIS_ANGLE":
        ways = [_whole_turns(it, last, np.array([True, False, False, False]) & ~locked) for it in (value, -value)]
    else:
        i, j, k = ("XYZ".index(letter) for letter in mode)
        other = np.empty(3)
        other[[i, j, k]] = value[i] + np.pi, np.pi - value[j], value[k] + np.pi
        ways = [_whole_turns(it, last, ~locked) for it in (value, other)]
    return [ways[0], *(it for it in ways[1:] if (it[locked] == value[locked]).all())]


def _whole_turns(value: Array, last: Array, which: NDArray[np.bool_]) -> Array:
    return value + np.where(which, TURN * np.round((last - value) / TURN), 0.0)
