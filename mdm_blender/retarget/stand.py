"""Stand: from the source's axes to where the bone that carries a rig now stands in armature space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import inverse, multiply, rotate

from ..rig import RigSnapshot
from .posing import Posing, compose, rotation_of, size_of
from .rest import RigRest

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Stand:
    """axes: quaternion [4], directions of the source in armature space. base: how the parent of the bone that is
    moved has itself been moved since rest, [4, 4]; the motion begins there."""

    axes: Array
    base: Array

    def turn(self, turn: Array) -> Array:
        """A turn [..., 4] in the source's axes, in armature space."""
        inside = multiply(multiply(self.axes, turn), inverse(self.axes))
        return multiply(rotation_of(self.base), inside)

    def turn_back(self, turn: Array) -> Array:
        """The inverse of `turn`."""
        inside = multiply(inverse(rotation_of(self.base)), turn)
        return multiply(multiply(inverse(self.axes), inside), self.axes)

    def point(self, points: Array) -> Array:
        """Points [..., 3] in the source's axes, the rig's units, in armature space."""
        return rotate(self.axes, points) @ self.base[:3, :3].T + self.base[:3, 3]

    def point_back(self, points: Array) -> Array:
        """The inverse of `point`."""
        inverted = np.linalg.inv(self.base)
        return rotate(inverse(self.axes), points @ inverted[:3, :3].T + inverted[:3, 3])


def stand_of(rig: RigSnapshot, moved_bone: str, rest: RigRest) -> Stand:
    """Where the parent of `moved_bone` stands in the present pose."""
    parent = rig.bones[moved_bone].parent
    if parent is None:
        return Stand(rest.axes, np.eye(4))
    moved = Posing(rig, {}).pose(parent)[0] @ np.linalg.inv(rig.bones[parent].rest)
    return Stand(rest.axes, compose(rotation_of(moved), moved[:3, 3], size_of(moved)))
