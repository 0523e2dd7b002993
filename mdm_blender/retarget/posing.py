"""Blender's pose evaluation in NumPy: from wanted bone orientations to local values, through parents that follow.

It covers what stands above an animator's controls: bone inheritance (rotation, scale modes, local location)
and the constraints that rigs put between controls (Copy Transforms, Rotation, Location and Scale; Armature).
Scale is uniform throughout.
Matrices are [T, 4, 4] or [1, 4, 4], armature space. Other constraints are passed over; `rig.detect` names them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import from_matrix, inverse, multiply, slerp, to_matrix

from ..rig import Bone, BoneConstraint, RigSnapshot

Array = NDArray[np.floating]


FOLLOWED = ("COPY_TRANSFORMS", "COPY_ROTATION", "COPY_LOCATION", "COPY_SCALE", "ARMATURE")
"""The constraints that are computed here."""


def rotation_of(matrix: Array) -> Array:
    """Quaternions [..., 4] of matrices [..., 4, 4], whatever their scale."""
    axes = matrix[..., :3, :3]
    return from_matrix(axes / np.maximum(np.linalg.norm(axes, axis=-2, keepdims=True), 1e-12))


def turn_of(bone: Bone, pose: Array) -> Array:
    """How a bone with the pose [..., 4, 4] has turned since rest [..., 4], in armature space."""
    return multiply(rotation_of(pose), inverse(rotation_of(bone.rest)))


def compose(rotation: Array, location: Array, scale: Array | float = 1.0) -> Array:
    """Matrices [..., 4, 4] from quaternions [..., 4], places [..., 3] and a uniform scale."""
    shape = np.broadcast_shapes(rotation.shape[:-1], location.shape[:-1])
    matrix = np.zeros((*shape, 4, 4))
    matrix[..., :3, :3] = to_matrix(rotation) * np.asarray(scale)[..., None, None]
    matrix[..., :3, 3] = location
    matrix[..., 3, 3] = 1.0
    return matrix


def size_of(matrix: Array) -> Array:
    """Mean scale [...] of matrices [..., 4, 4]."""
    return np.cbrt(np.abs(np.linalg.det(matrix[..., :3, :3])))


class Posing:
    """A rig in the making: ask for a bone's pose and everything it depends on is solved first.

    turns: bone -> wanted orientation relative to rest, quaternions [T, 4] in armature space. Such a bone
    gets the local rotation that makes it so. places: bone -> wanted place of its head, [T, 3] in armature space;
    such a bone gets the local location. basis: bone -> local pose [T, 4, 4] of the others, the present one where
    there is none.
    """

    def __init__(
        self,
        rig: RigSnapshot,
        turns: Mapping[str, Array],
        places: Mapping[str, Array] | None = None,
        basis: Mapping[str, Array] | None = None,
    ) -> None:
        self._rig = rig
        self._turns = turns
        self._places = places or {}
        self._basis = basis or {}
        self._poses: dict[str, Array] = {}
        self.rotations: dict[str, Array] = {}
        """Solved local rotations, bone -> [T, 4]."""
        self.locations: dict[str, Array] = {}
        """Solved local locations, bone -> [T, 3]."""

    def pose(self, name: str) -> Array:
        """The bone's matrix [T or 1, 4, 4] after its constraints."""
        if name not in self._poses:
            bone = self._rig.bones[name]
            turning, placing = self.spaces(bone)
            if name in self._turns:
                self._poses[name] = self._wanted(bone, turning, placing)
            else:
                self._poses[name] = self._kept(bone, turning, placing)
        return self._poses[name]

    def spaces(self, bone: Bone) -> tuple[Array, Array]:
        """What Blender multiplies a bone's local rotation, and its local location, with: each [T or 1, 4, 4]."""
        if bone.parent is None:
            turning = bone.rest[None]
            placing = turning if bone.local_location else compose(np.eye(4)[:1], bone.rest[None, :3, 3])
            return turning, placing
        parent = self._rig.bones[bone.parent]
        posed = self.pose(bone.parent)
        offset = np.linalg.inv(parent.rest) @ bone.rest
        full = posed @ offset
        if bone.inherit_rotation and bone.inherit_scale == "FULL":
            turning = full
        else:
            base = posed if bone.inherit_rotation else np.broadcast_to(parent.rest, posed.shape)
            keeps_scale = bone.inherit_scale in ("FULL", "FIX_SHEAR", "ALIGNED", "AVERAGE")
            scale = size_of(posed) if keeps_scale else np.ones(len(posed))
            turning = compose(rotation_of(base @ offset), full[..., :3, 3], scale)
        if bone.local_location:
            return turning, full
        placing = posed.copy()
        placing[..., :3, 3] = full[..., :3, 3]
        return turning, placing

    def _wanted(self, bone: Bone, turning: Array, placing: Array) -> Array:
        basis = self._basis.get(bone.name, bone.basis[None])
        target = multiply(self._turns[bone.name], rotation_of(bone.rest))
        self.rotations[bone.name] = multiply(inverse(rotation_of(turning)), target)
        place = self._places.get(bone.name)
        if place is None:
            place = _moved(placing, basis)
        else:
            away = place - placing[..., :3, 3]
            self.locations[bone.name] = np.linalg.solve(placing[..., :3, :3], away[..., None])[..., 0]
        return compose(target, place, size_of(turning) * size_of(basis))

    def _kept(self, bone: Bone, turning: Array, placing: Array) -> Array:
        basis = self._basis.get(bone.name, bone.basis[None])
        result = turning @ basis
        result[..., :3, 3] = _moved(placing, basis)
        for constraint in bone.constraints:
            if constraint.plain:
                result = self._constrained(bone, constraint, result, turning, placing)
        return result

    def _constrained(self, bone: Bone, constraint: BoneConstraint, own: Array, turning: Array, placing: Array) -> Array:
        if constraint.kind == "ARMATURE":
            return _mixed(own, self._armature(constraint, own), constraint.influence)
        if constraint.kind not in FOLLOWED:
            return own
        name = constraint.targets[0][0]
        target = self.pose(name)
        if not constraint.local:
            return _mixed(own, _copied(constraint, own, target), constraint.influence)
        target = _to_local(target, *self.spaces(self._rig.bones[name]))
        owner = _to_local(own, turning, placing)
        return _from_local(_mixed(owner, _copied(constraint, owner, target), constraint.influence), turning, placing)

    def _armature(self, constraint: BoneConstraint, own: Array) -> Array:
        """Carried along by the target bones, as skin is: weighted moves since rest."""
        total = sum(weight for _, weight in constraint.targets)
        moves = [(self.pose(n) @ np.linalg.inv(self._rig.bones[n].rest), w / total) for n, w in constraint.targets]
        return sum((weight * move for move, weight in moves), np.zeros((1, 4, 4))) @ own


def _moved(placing: Array, basis: Array) -> Array:
    return (placing @ basis[..., :, 3:])[..., :3, 0]


def _to_local(posed: Array, turning: Array, placing: Array) -> Array:
    rotation = multiply(inverse(rotation_of(turning)), rotation_of(posed))
    scale = size_of(posed) / size_of(turning)
    return compose(rotation, (np.linalg.inv(placing) @ posed[..., :, 3:])[..., :3, 0], scale)


def _from_local(local: Array, turning: Array, placing: Array) -> Array:
    rotation = multiply(rotation_of(turning), rotation_of(local))
    return compose(rotation, (placing @ local[..., :, 3:])[..., :3, 0], size_of(turning) * size_of(local))


def _copied(constraint: BoneConstraint, own: Array, target: Array) -> Array:
    if constraint.kind == "COPY_TRANSFORMS":
        return target
    if constraint.kind == "COPY_ROTATION":
        if not all(constraint.axes):
            return own
        return compose(rotation_of(target), own[..., :3, 3], size_of(own))
    if constraint.kind == "COPY_SCALE":
        return compose(rotation_of(own), own[..., :3, 3], size_of(target))
    result = np.broadcast_to(own, np.broadcast_shapes(own.shape, target.shape)).copy()
    for axis, taken in enumerate(constraint.axes):
        if taken:
            result[..., axis, 3] = target[..., axis, 3]
    return result


def _mixed(a: Array, b: Array, influence: float) -> Array:
    """Blender's mix of two transforms: rotation along the shortest arc, place and scale in a straight line."""
    if influence >= 1.0:
        return b
    a, b = np.broadcast_arrays(a, b)
    share = np.full((*a.shape[:-2], 1), influence)
    return compose(
        slerp(rotation_of(a), rotation_of(b), share),
        (1 - influence) * a[..., :3, 3] + influence * b[..., :3, 3],
        (1 - influence) * size_of(a) + influence * size_of(b),
    )
