"""Reading an armature object of Blender into a RigSnapshot, once. Nothing here changes the scene."""

from __future__ import annotations

from typing import Any

import numpy as np

from mdm_core.errors import MotionError

from .saved import text_of
from .snapshot import Bone, BoneConstraint, RigSnapshot

SILENT_KINDS = {"LIMIT_SCALE", "MAINTAIN_VOLUME"}
"""Constraints that never turn or move a bone, and keep a uniform scale."""


def read(armature: Any) -> RigSnapshot:
    """The armature object's bones, rest matrices, present pose, locks and constraints.

    Raises MotionError when it is not an armature or has no bones.
    """
    if armature is None or armature.type != "ARMATURE":
        raise MotionError("Select an armature: motion can be put on an armature object only.")
    pose = armature.pose
    if pose is None or not armature.data.bones:
        raise MotionError(f"The armature “{armature.name}” has no bones: select a character's rig.")
    return RigSnapshot(
        name=armature.name,
        bones={bone.name: _bone(armature, pose.bones[bone.name]) for bone in _parents_first(armature.data.bones)},
        world=np.array(armature.matrix_world, dtype=np.float64),
        rigify="rig_id" in armature.data,
        saved_map=text_of(armature),
    )


def _parents_first(bones: Any) -> list[Any]:
    ordered = [bone for bone in bones if bone.parent is None]
    for bone in ordered:
        ordered.extend(bone.children)
    return ordered


def _bone(armature: Any, posed: Any) -> Bone:
    bone = posed.bone
    return Bone(
        name=bone.name,
        parent=bone.parent.name if bone.parent else None,
        rest=np.array(bone.matrix_local, dtype=np.float64),
        tail=np.array(bone.tail_local, dtype=np.float64),
        basis=np.array(posed.matrix_basis, dtype=np.float64),
        inherit_rotation=bone.use_inherit_rotation,
        inherit_scale=bone.inherit_scale,
        local_location=bone.use_local_location,
        connected=bone.use_connect,
        rotation_mode=posed.rotation_mode,
        lock_location=tuple(posed.lock_location),
        lock_rotation=tuple(posed.lock_rotation),
        constraints=tuple(_constraint(armature, c) for c in posed.constraints if _acts(c)),
        properties={key: float(value) for key, value in posed.items() if isinstance(value, (bool, int, float))},
        lock_scale=tuple(posed.lock_scale),
        ik_stretch=posed.ik_stretch,
    )


def _acts(constraint: Any) -> bool:
    return not constraint.mute and constraint.influence > 0 and constraint.type not in SILENT_KINDS


def _constraint(armature: Any, constraint: Any) -> BoneConstraint:
    """The constraint as data; one that reaches outside the armature or mixes unusually is marked as not plain."""
    if constraint.type == "ARMATURE":
        pairs = [(t.target, t.subtarget, t.weight) for t in constraint.targets if t.weight > 0]
    else:
        pairs = [(getattr(constraint, "target", None), getattr(constraint, "subtarget", ""), 1.0)]
    inside = bool(pairs) and all(target == armature and bone in armature.data.bones for target, bone, _ in pairs)
    axes = tuple(bool(getattr(constraint, f"use_{axis}", True)) for axis in "xyz")
    bent = any(getattr(constraint, f"invert_{axis}", False) for axis in "xyz")
    bent |= getattr(constraint, "use_offset", False) or getattr(constraint, "head_tail", 0.0) != 0.0
    owner_space, target_space = (getattr(constraint, f"{end}_space", "WORLD") for end in ("owner", "target"))
    bent |= owner_space != target_space or owner_space not in ("WORLD", "POSE", "LOCAL")
    bent |= getattr(constraint, "mix_mode", "REPLACE") != "REPLACE" or getattr(constraint, "remove_target_shear", False)
    return BoneConstraint(
        kind=constraint.type,
        targets=tuple((bone, float(weight)) for _, bone, weight in pairs) if inside else (),
        influence=float(constraint.influence),
        local=owner_space == "LOCAL",
        axes=(axes[0], axes[1], axes[2]),
        plain=inside and not bent,
        stretches=constraint.type == "IK" and constraint.use_stretch,
    )
