"""The armature object's own channels and its place in the world, one from the other. No Blender but in `object_space`.

A parent and constraints stand as they do now; Blender adds deltas to the channels. Locks hold channels, so what they
leave of a place in the world is told here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import inverse, multiply, normalize

from ..retarget.posing import rotation_of
from .locks import Held, nearest

Array = NDArray[np.floating]


@dataclass(frozen=True)
class ObjectSpace:
    """parent: matrix [4, 4] of the space in which the channels are, in the world. shift, turn: the object's deltas, [3]
    and a unit quaternion [4]. lock_location: which location channels are locked."""

    parent: Array = field(default_factory=lambda: np.eye(4))
    shift: Array = field(default_factory=lambda: np.zeros(3))
    turn: Array = field(default_factory=lambda: np.eye(4)[0])
    lock_location: tuple[bool, ...] = (False, False, False)

    def places(self, location: Array) -> Array:
        """Location channels [T, 3] in the world."""
        return (location + self.shift) @ self.parent[:3, :3].T + self.parent[:3, 3]

    def locations(self, place: Array) -> Array:
        """The inverse of `places`."""
        return self.moves(place - self.parent[:3, 3]) - self.shift

    def moves(self, way: Array) -> Array:
        """Ways [T, 3] in the world as changes of the location channels."""
        return way @ np.linalg.inv(self.parent[:3, :3]).T

    def axis(self, index: int) -> Array:
        """The direction [3] in the world in which a location channel moves."""
        return self.parent[:3, index] / np.linalg.norm(self.parent[:3, index])

    def headings(self, rotation: Array) -> Array:
        """The channels' rotations [T, 4] in the world."""
        return multiply(self._held, rotation)

    def rotations(self, heading: Array) -> Array:
        """The inverse of `headings`."""
        return multiply(inverse(self._held), heading)

    def kept_places(self, original: Array, changed: Array) -> Array:
        """Places [T, 3] in the world as near to the changed ones as locked channels leave it, which stay."""
        if not any(self.lock_location):
            return changed
        return original + np.where(self.lock_location, 0.0, self.moves(changed - original)) @ self.parent[:3, :3].T

    def kept_headings(self, held: Held, heading: Array) -> Array:
        """Rotations [T, 4] in the world as near to these as what is `held` of the channels leaves it."""
        return self.headings(nearest(held, self.rotations(heading)))

    @property
    def _held(self) -> Array:
        return multiply(rotation_of(self.parent), self.turn)


def object_space(armature: Any) -> ObjectSpace:
    """That of an object as it stands now."""
    # An object on its own needs no matrix that only the depsgraph brings up to date.
    alone = armature.parent is None and not armature.constraints
    parent = (
        np.eye(4) if alone else np.array(armature.matrix_world @ armature.matrix_basis.inverted(), dtype=np.float64)
    )
    return ObjectSpace(
        parent=parent,
        shift=np.array(armature.delta_location, dtype=np.float64),
        turn=normalize(np.array(_delta_rotation(armature), dtype=np.float64)),
        lock_location=tuple(armature.lock_location),
    )


def _delta_rotation(armature: Any) -> Any:
    if armature.rotation_mode == "AXIS_ANGLE":
        # Blender has no delta that acts in this mode (`BKE_object_rot_to_mat3`).
        return (1.0, 0.0, 0.0, 0.0)
    if armature.rotation_mode == "QUATERNION":
        return armature.delta_rotation_quaternion
    return armature.delta_rotation_euler.to_quaternion()
