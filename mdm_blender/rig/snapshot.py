"""RigSnapshot: what retargeting needs of an armature, as plain data. Reading it from Blender is `read.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclass(frozen=True)
class BoneConstraint:
    """An active constraint of a bone. targets: (bone of the same armature, weight)."""

    kind: str
    targets: tuple[tuple[str, float], ...] = ()
    influence: float = 1.0
    local: bool = False
    """Whether it compares local poses (both spaces LOCAL), else poses in armature space."""
    axes: tuple[bool, bool, bool] = (True, True, True)
    plain: bool = True
    """Whether it only replaces, in one space (no offset, inversion, mixing): what `retarget.posing` can follow."""
    stretches: bool = False
    """Of IK: whether bones of its chain may stretch (`Bone.ik_stretch`)."""


@dataclass(frozen=True)
class Bone:
    """A bone at rest and as it is posed now. Matrices are 4x4, armature space, columns are axes."""

    name: str
    parent: str | None
    rest: Array
    tail: Array
    basis: Array = field(default_factory=lambda: np.eye(4))
    """The pose relative to rest in the bone's own axes (`PoseBone.matrix_basis`), kept by bones without keys."""
    inherit_rotation: bool = True
    inherit_scale: str = "FULL"
    local_location: bool = True
    connected: bool = False
    rotation_mode: str = "QUATERNION"
    lock_location: tuple[bool, bool, bool] = (False, False, False)
    lock_rotation: tuple[bool, bool, bool] = (False, False, False)
    constraints: tuple[BoneConstraint, ...] = ()
    properties: Mapping[str, float] = field(default_factory=dict[str, float])
    """Numeric custom properties, such as Rigify's `IK_FK`."""
    lock_scale: tuple[bool, bool, bool] = (False, False, False)
    ik_stretch: float = 0.0

    @property
    def head(self) -> Array:
        """Rest position [3] in armature space."""
        return self.rest[:3, 3]


@dataclass(frozen=True)
class RigSnapshot:
    """An armature at one moment. bones: by name, parents before children."""

    name: str
    bones: Mapping[str, Bone]
    world: Array = field(default_factory=lambda: np.eye(4))
    rigify: bool = False
    """Whether Rigify generated it (`Armature["rig_id"]`)."""
    saved_map: str = ""
    """The mapping that the user chose (`saved.to_text`), empty where nobody did."""

    def ancestors(self, name: str) -> Iterator[str]:
        """Names from the bone's parent up to its root."""
        parent = self.bones[name].parent
        while parent is not None:
            yield parent
            parent = self.bones[parent].parent
