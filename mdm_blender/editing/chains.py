"""Limbs that IK constraints drive and no table of a family knows: chain, target and pole, as Blender has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..keys import read
from ..retarget.ik_limbs import FoundLimb
from ..retarget.rest import LIMBS
from ..rig import BoneConstraint, RigMap, RigSnapshot

Array = NDArray[np.floating]
PARTS = {"left_shoulder": "left_arm", "right_shoulder": "right_arm", "left_hip": "left_leg", "right_hip": "right_leg"}
"""The body part of a limb by the joint that it begins with."""
BESIDE = 0.02
"""Of a limb's length: as near as bones must lie at rest to be its double."""
TURNING = ("COPY_ROTATION", "COPY_TRANSFORMS")


@dataclass(frozen=True)
class Chain:
    """A limb that an IK constraint holds. limb: its bones, with target and pole as IK controls; bone, constraint:
    names of what holds it; wrong: what about it cannot be followed, "" where all can."""

    limb: FoundLimb
    bone: str
    constraint: str
    wrong: str = ""

    @property
    def name(self) -> str:
        return f"{self.limb.part.replace('_', ' ')} (held by “{self.constraint}” of “{self.bone}”)"


def chains(armature: Any, rig: RigSnapshot, rig_map: RigMap) -> list[Chain]:
    """The limbs whose mapped bones are themselves in an IK chain."""
    result: list[Chain] = []
    for joints in LIMBS:
        names = [rig_map.bones.get(joint, "") for joint in joints]
        if joints[0] not in PARTS or not all(name in rig.bones for name in names):
            continue
        fk = (names[0], names[1], names[2])
        found = [it for it in _held(armature) if set(_links(rig, *it)) & set(fk)]
        if found:
            result.append(_chain(rig, PARTS[joints[0]], fk, found))
    return result


def shown(armature: Any, rig: RigSnapshot, limb: FoundLimb) -> FoundLimb:
    """A limb that a family's table knows, with the bones of the rig's IK chain that show what it plays: two bones where
    the limb's own are at rest, led by a bone that hangs on its IK control. As it is where there is no such chain."""
    a, b, c = (rig.bones[name].head for name in limb.fk)
    near = BESIDE * float(np.linalg.norm(b - a) + np.linalg.norm(c - b))
    for bone, constraint in _held(armature):
        links, target = _links(rig, bone, constraint), constraint.subtarget
        if len(links) != 2 or _unusual(armature, rig, constraint) or limb.end not in (target, *rig.ancestors(target)):
            continue
        ends = (rig.bones[links[1]].head, rig.bones[bone].head, rig.bones[bone].tail)
        if max(float(np.linalg.norm(x - y)) for x, y in zip((a, b, c), ends, strict=True)) < near:
            tips = () if limb.tips is None else (limb.tips[1],)
            return replace(limb, played=(links[1], bone, target, *tips))
    return limb


def influence(armature: Any, chain: Chain, frames: Sequence[float]) -> Array:
    """How much the constraint acts at the frames [T]."""
    constraint = armature.pose.bones[chain.bone].constraints[chain.constraint]
    prop = f'constraints["{bpy.utils.escape_identifier(chain.constraint)}"].influence'
    path = f'pose.bones["{bpy.utils.escape_identifier(chain.bone)}"].{prop}'
    if any(it.data_path == path for it in armature.animation_data.drivers):
        return _driven(armature, chain, frames)
    channels = next((it for it in read.animated(armature) if (it.bone, it.property) == (chain.bone, prop)), None)
    now = float(constraint.influence)
    return np.full(len(frames), now) if channels is None else read.evaluated(channels, [now], frames)[:, 0]


def freed(rig: RigSnapshot, limbs: Sequence[FoundLimb]) -> RigSnapshot:
    """The rig with limbs that their own FK bones show, as if nothing held these: what `retarget` computes FK with."""
    own = {bone for limb in limbs for bone in limb.fk_bones if bone in limb.played}
    bones = {name: replace(bone, constraints=()) if name in own else bone for name, bone in rig.bones.items()}
    return replace(rig, bones=bones) if own else rig


def _held(armature: Any) -> Iterator[tuple[str, Any]]:
    """(bone, IK constraint) of the whole rig."""
    for posed in armature.pose.bones:
        for constraint in posed.constraints:
            if constraint.type == "IK" and not constraint.mute and constraint.is_valid:
                yield posed.name, constraint


def _links(rig: RigSnapshot, bone: str, constraint: Any) -> list[str]:
    """The bones of the chain, from its end up."""
    links = [bone, *rig.ancestors(bone)]
    links = links if constraint.use_tail else links[1:]
    return links[: constraint.chain_count] if constraint.chain_count else links


def _unusual(armature: Any, rig: RigSnapshot, constraint: Any) -> str:
    """What keeps the target and the pole from being keyed."""
    if constraint.target != armature or constraint.subtarget not in rig.bones:
        return "its target is no bone of the rig"
    if constraint.pole_target is not None and (
        constraint.pole_target != armature or constraint.pole_subtarget not in rig.bones
    ):
        return "its pole is no bone of the rig"
    if not constraint.use_tail or not constraint.use_location or constraint.use_rotation:
        return "it does not lead the end of the chain to the target's place alone"
    return ""


def _chain(rig: RigSnapshot, part: str, fk: tuple[str, str, str], found: list[tuple[str, Any]]) -> Chain:
    bone, constraint = found[0]
    target, pole = constraint.subtarget, constraint.pole_subtarget if constraint.pole_target is not None else ""
    limb = FoundLimb(part, fk, target, pole or None, None, None, (), fk)
    others = [it for it in (*rig.bones[fk[0]].constraints, *rig.bones[fk[1]].constraints) if it.kind != "IK"]
    wrong = _unusual(constraint.id_data, rig, constraint)
    if len(found) > 1:
        wrong = "it is not the only one there"
    elif bone != fk[1] or _links(rig, bone, constraint) != [fk[1], fk[0]] or rig.bones[fk[2]].parent != bone:
        wrong = wrong or f"its chain is not “{fk[0]}” and “{fk[1]}”"
    elif others:
        wrong = wrong or f"there are other constraints too ({others[0].kind.replace('_', ' ').capitalize()})"
    elif not wrong and {fk[0], fk[1]} & {name for it in (target, pole) if it for name in rig.ancestors(it)}:
        wrong = "its target or pole hangs on the chain itself"
    elif not wrong and rig.bones[fk[2]].constraints:
        turned = all(_turns(rig, it, target) for it in rig.bones[fk[2]].constraints)
        wrong = "" if turned else f"“{fk[2]}” is held by something else than its target"
    elif not wrong:
        limb = replace(limb, turns=False)
    return Chain(limb, bone, constraint.name, wrong)


def _turns(rig: RigSnapshot, constraint: BoneConstraint, target: str) -> bool:
    """Whether hand or foot is turned by the target, or by what hangs on it."""
    if constraint.kind not in TURNING or not constraint.plain or constraint.local or constraint.influence < 1.0:
        return False
    source = constraint.targets[0][0]
    return all(constraint.axes) and target in (source, *rig.ancestors(source))


def _driven(armature: Any, chain: Chain, frames: Sequence[float]) -> Array:
    found: list[float] = []
    with read.stepping(bpy.context.scene) as step:
        for frame in frames:
            step(float(frame))
            playing = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
            found.append(playing.pose.bones[chain.bone].constraints[chain.constraint].influence)
    return np.array(found)
