"""From PoseTracks to the channels that get keys: rotation modes and locks. No Blender here; writing is `actions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import continuous, inverse, multiply, normalize

from .euler import to_axis_angle, to_euler

Array = NDArray[np.floating]
PATHS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
"""Where a rotation mode keeps its values; the Euler orders all in `rotation_euler`."""
SHOWN_LOCKS = 4
"""How many locked bones the sentence about them names."""


@dataclass(frozen=True)
class Target:
    """What takes keys, a pose bone or the armature object itself, with its locks and what it shows now.

    prefix: what the data path begins with (`pose.bones["Hips"].`, empty for the object). name: of the bone or object,
    also the channels' group. lock_w, locks_4d: `lock_rotation_w` and `lock_rotations_4d`. rotation: quaternion [4].
    """

    name: str
    prefix: str = ""
    rotation_mode: str = "QUATERNION"
    lock_location: tuple[bool, ...] = (False, False, False)
    lock_rotation: tuple[bool, ...] = (False, False, False)
    lock_scale: tuple[bool, ...] = (False, False, False)
    lock_w: bool = False
    locks_4d: bool = False
    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Channel:
    """One F-curve to be: values [T], one a frame, or [1], which holds from the first frame on."""

    path: str
    index: int
    group: str
    values: Array
    interpolation: str = "BEZIER"


def location_channels(target: Target, location: Array) -> list[Channel]:
    """Channels of a place [T, 3] without the locked ones."""
    path = f"{target.prefix}location"
    free = [axis for axis in range(3) if not target.lock_location[axis]]
    return [Channel(path, axis, target.name, location[:, axis]) for axis in free]


def scale_channels(target: Target, scale: Array) -> list[Channel]:
    """Channels of scales [T, 3] without the locked ones."""
    free = [axis for axis in range(3) if not target.lock_scale[axis]]
    return [Channel(f"{target.prefix}scale", axis, target.name, scale[:, axis]) for axis in free]


def rotation_path(target: Target) -> str:
    return target.prefix + PATHS.get(target.rotation_mode, "rotation_euler")


def rotation_channels(target: Target, rotation: Array) -> list[Channel]:
    """Channels of unit quaternions [T, 4] (w, x, y, z) in the target's own rotation mode, without jumps over time.

    A locked Euler channel is left out, and so is a locked component of a quaternion where these are locked one by
    one (`lock_rotations_4d`, Blender's default). Else the turn about locked axes is what it is now.
    """
    locked = locked_channels(target)
    componentwise = target.rotation_mode == "QUATERNION" and target.locks_4d
    if all(target.lock_rotation) or (componentwise and sum(locked) >= 3):
        return []
    values = rotation_values(target, rotation)
    path = rotation_path(target)
    skipped = locked if componentwise or target.rotation_mode not in PATHS else (False,) * 4
    free = [index for index in range(values.shape[1]) if not skipped[index]]
    return [Channel(path, index, target.name, values[:, index]) for index in free]


def locked_channels(target: Target) -> tuple[bool, ...]:
    """Which of x, y, z is locked; of a quaternion whose components are locked one by one, which of w, x, y, z."""
    if target.rotation_mode == "QUATERNION" and target.locks_4d:
        return (target.lock_w, *target.lock_rotation)
    return tuple(target.lock_rotation)


def rotation_values(target: Target, rotation: Array) -> Array:
    """Unit quaternions [T, 4] as the values of the target's rotation mode, [T, 3] or [T, 4], locks taken in."""
    if target.rotation_mode not in PATHS:
        return to_euler(rotation, target.rotation_mode)
    locked = locked_channels(target)
    if target.rotation_mode == "QUATERNION" and target.locks_4d:
        rotation = _componentwise(continuous(rotation), np.array(target.rotation), np.array(locked))
    else:
        rotation = _about_free_axes(rotation, np.array(target.rotation), locked)
    return continuous(rotation) if target.rotation_mode == "QUATERNION" else to_axis_angle(rotation)


def _about_free_axes(rotation: Array, now: Array, locked: tuple[bool, ...]) -> Array:
    """Rotations [T, 4] that turn about locked axes only as far as `now` does."""
    if not any(locked):
        return rotation
    held = _projected(now[None], tuple(not lock for lock in locked))
    return multiply(held, _projected(multiply(inverse(held), rotation), locked))


def _projected(rotation: Array, gone: tuple[bool, ...]) -> Array:
    """The nearest rotations [T, 4] whose axes lie across the axes that are gone."""
    free = rotation * np.array([1.0, *(0.0 if axis else 1.0 for axis in gone)])
    length = np.linalg.norm(free, axis=-1, keepdims=True)
    return np.where(length > 1e-6, free / np.maximum(length, 1e-6), [1.0, 0.0, 0.0, 0.0])


def _componentwise(rotation: Array, now: Array, locked: NDArray[np.bool_]) -> Array:
    """Unit quaternions [T, 4] whose locked components are those of `now`."""
    if not locked.any():
        return rotation
    if np.sum(rotation[:1] * now) < 0:
        rotation = -rotation
    rest = np.sqrt(max(0.0, 1.0 - float(np.sum(now[locked] ** 2))))
    return np.where(locked, now, rest * normalize(np.where(locked, 0.0, rotation)))


def lock_notes(placed: Iterable[Target], turned: Iterable[Target]) -> list[str]:
    """A sentence about the locked channels of what is placed and what is turned; none where nothing is locked."""
    found: dict[str, list[str]] = {}
    for target in placed:
        axes = _axes(target.lock_location, "XYZ")
        if axes:
            found.setdefault(target.name, []).append(f"location {axes}")
    for target in turned:
        locked = locked_channels(target)
        axes = _axes(locked, "WXYZ" if len(locked) == 4 else "XYZ")
        if axes:
            found.setdefault(target.name, []).append(f"rotation {axes}")
    if not found:
        return []
    names = [f"{name} ({', '.join(parts)})" for name, parts in list(found.items())[:SHOWN_LOCKS]]
    more = f" and {len(found) - SHOWN_LOCKS} more" if len(found) > SHOWN_LOCKS else ""
    return [f"Locked channels were left as they are, so the pose differs there: {', '.join(names)}{more}."]


def _axes(locked: Sequence[bool], letters: str) -> str:
    return "".join(letter for letter, lock in zip(letters, locked, strict=True) if lock)
