"""Which bones of a rig an edit may change, and which body parts the model makes anew for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES, PARTS

from .. import compat
from ..retarget.ik_limbs import FoundLimb, limbs_of
from ..retarget.root_motion import root_bone
from ..rig import RigMap, RigSnapshot

PART_OF = {JOINT_NAMES[joint]: part for part, joints in PARTS.items() for joint in joints}
OBJECT = ""
"""Stands among bones for the armature object itself."""


def chosen(
    snapshot: RigSnapshot, rig_map: RigMap, asked_bones: Sequence[str], asked_parts: Sequence[str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The bones that may change and the body parts that the model makes anew for them; () is the whole body."""
    joints = {bone: joint for joint, bone in rig_map.bones.items()}
    carriers = {rig_map.carrier, *_root(snapshot, rig_map)} - joints.keys()
    if asked_bones:
        unknown = [bone for bone in asked_bones if bone not in snapshot.bones]
        if unknown:
            raise MotionError(f"“{snapshot.name}” has no bone “{unknown[0]}”.")
        bones = frozenset(bone for bone in asked_bones if bone in joints or bone in carriers)
        if not bones:
            examples = ", ".join(f"“{bone}”" for bone in list(rig_map.bones.values())[-3:])
            raise MotionError(
                f"None of the chosen bones plays a joint of the model: choose bones such as {examples}, or body parts."
            )
        parts = {PART_OF[joints[bone]] if bone in joints else "root" for bone in bones}
        if "root" in parts:
            bones |= {OBJECT}
        return bones, _ordered(parts)
    wanted = set(asked_parts) or set(PARTS)
    for part in wanted - set(PARTS):
        raise MotionError(f"There is no body part “{part}”: use {', '.join(PARTS)}.")
    bones = {bone for bone in snapshot.bones if _part(snapshot, joints, bone) in wanted}
    if "root" in wanted:
        bones |= {*carriers, OBJECT}
    else:
        # Where a spine hangs from its middle, as Rigify's, its lower bones carry the hips, and these stay.
        bones -= upstream(snapshot, [rig_map.bones["pelvis"]])
    return frozenset(bones), () if wanted == set(PARTS) else _ordered(wanted)


def _ordered(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for part in PARTS if part in set(parts))


def _root(snapshot: RigSnapshot, rig_map: RigMap) -> set[str]:
    try:
        return {root_bone(snapshot, rig_map)}
    except MotionError:
        return set()


def _part(snapshot: RigSnapshot, joints: dict[str, str], bone: str) -> str:
    """The part of the bone, or of the mapped bone that carries it; "" above all of them."""
    owner = next((it for it in (bone, *snapshot.ancestors(bone)) if it in joints), None)
    return "" if owner is None else PART_OF[joints[owner]]


def upstream(rig: RigSnapshot, bones: Iterable[str]) -> frozenset[str]:
    """The bones and all that their poses hang on."""
    found: set[str] = set()
    ahead = list(bones)
    while ahead:
        name = ahead.pop()
        if name in rig.bones and name not in found:
            found.add(name)
            bone = rig.bones[name]
            ahead += [target for it in bone.constraints for target, _ in it.targets]
            ahead += [] if bone.parent is None else [bone.parent]
    return frozenset(found)


def with_limbs(rig: RigSnapshot, rig_map: RigMap, limbs: Iterable[FoundLimb]) -> frozenset[str]:
    """All that joints and limbs hang on, with the controls of these and of the limbs that the family's table knows."""
    known = [*limbs, *limbs_of(rig, rig_map)]
    return upstream(rig, {*rig_map.bones.values(), *(it for limb in known for it in (*limb.fk_bones, *limb.controls))})


def selected_bones(armature: Any) -> tuple[str, ...]:
    """Names of the selected pose bones."""
    return tuple(posed.name for posed in armature.pose.bones if compat.is_selected(posed))
