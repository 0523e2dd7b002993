"""From PoseTracks to the channels that get keys. No Blender here; writing is `actions`, what locks hold `locks`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .locks import Held, Locks, numbers

Array = NDArray[np.floating]
ROTATIONS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
"""The properties of these rotation modes; the Euler orders all have `EULER`."""
EULER = "rotation_euler"
SHOWN_LOCKS = 4
"""How many locked bones the sentence about them names."""


@dataclass(frozen=True)
class Target:
    """What takes keys, a pose bone or the armature object itself, with its locks and what it shows now.

    prefix: what the data path begins with (`pose.bones["Hips"].`, empty for the object). name: of the bone or object,
    also the channels' group. turned: the numbers of its rotation mode.
    """

    name: str
    prefix: str = ""
    lock_location: tuple[bool, ...] = (False, False, False)
    lock_scale: tuple[bool, ...] = (False, False, False)
    locks: Locks = field(default_factory=Locks)
    turned: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)

    @property
    def bone(self) -> str:
        """The bone's name, "" for the object."""
        return self.name if self.prefix else ""

    def held(self, values: Array | None = None) -> Held:
        """What is locked at what it is now, or at other numbers [T, n] of its rotation mode."""
        return Held(self.locks, np.array([self.turned]) if values is None else values)


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


def rotation_property(mode: str) -> str:
    """Where a rotation mode keeps its numbers."""
    return ROTATIONS.get(mode, EULER)


def rotation_path(target: Target) -> str:
    return target.prefix + rotation_property(target.locks.mode)


def rotation_channels(target: Target, rotation: Array, held: Held | None = None) -> list[Channel]:
    """Channels of unit quaternions [T, 4] (w, x, y, z) in the target's own rotation mode, without jumps over time.

    What is locked stays as in `held`, or as it is now (`locks`): its channels are left out, the others are the nearest.
    """
    if target.locks.wholly:
        return []
    values, path = numbers(held or target.held(), rotation), rotation_path(target)
    free = [index for index, locked in enumerate(target.locks.numbers) if not locked]
    return [Channel(path, index, target.name, values[:, index]) for index in free]


def lock_notes(placed: Iterable[Target], turned: Iterable[Target]) -> list[str]:
    """A sentence about the locked channels of what is placed and what is turned; none where nothing is locked."""
    found: dict[str, list[str]] = {}
    for target in placed:
        axes = "".join(letter for letter, lock in zip("XYZ", target.lock_location, strict=True) if lock)
        if axes:
            found.setdefault(target.name, []).append(f"location {axes}")
    for target in turned:
        if target.locks.named:
            found.setdefault(target.name, []).append(f"rotation {target.locks.named}")
    if not found:
        return []
    names = [f"{name} ({', '.join(parts)})" for name, parts in list(found.items())[:SHOWN_LOCKS]]
    more = f" and {len(found) - SHOWN_LOCKS} more" if len(found) > SHOWN_LOCKS else ""
    return [f"Locked channels were left as they are, so the pose differs there: {', '.join(names)}{more}."]
