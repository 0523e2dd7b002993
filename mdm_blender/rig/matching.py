"""Which bone plays which SMPL joint: every family's table is tried, the one whose hierarchy fits best is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES, PARENTS

from .families import FAMILIES
from .family import EXPECTED, PAIRED, REQUIRED, Family
from .snapshot import RigSnapshot

COUNTED = (*EXPECTED, "spine3", "head")
ORDER = ("pelvis", "spine3", "spine1", "spine2", *(n for n in JOINT_NAMES if n != "pelvis" and "spine" not in n))
"""The chest chooses before the bones between: a short spine has a chest, and lacks the middle."""
FOLLOWED = {"COPY_TRANSFORMS", "COPY_ROTATION", "COPY_LOCATION", "COPY_SCALE", "ARMATURE"}
"""Constraints above a keyed bone that `retarget.posing` computes."""


@dataclass(frozen=True)
class Switch:
    """A custom property `bone[property]` that is keyed to `value` so that the keyed controls act."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True)
class RigMap:
    """How a rig is driven.

    family: the known kind of rig. bones: SMPL joint -> bone. root: the control that carries the body's place,
    None where the pelvis bone does. confidence: 0 to 1, the share of the expected bones that were found
    where the hierarchy has them. problems: sentences for the user. reasons: why this family.
    """

    family: str
    bones: Mapping[str, str]
    confidence: float
    problems: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    root: str | None = None
    switches: tuple[Switch, ...] = ()
    fingers: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    @property
    def carrier(self) -> str:
        """The bone whose location carries the body."""
        return self.root or self.bones["pelvis"]


def best_map(rig: RigSnapshot) -> RigMap:
    """The best fitting family's map of the rig. Raises MotionError when no family finds a hip and two legs."""
    maps = [found for family in FAMILIES for found in maps_of(rig, family)]
    if not maps:
        raise MotionError(
            f"The armature “{rig.name}” has no recognisable hip or legs: select a humanoid rig with the bone names of "
            "Rigify, Mixamo, Unreal, VRM or another known family."
        )
    return max(maps, key=lambda found: (found.confidence, len(found.bones)))


def maps_of(rig: RigSnapshot, family: Family) -> list[RigMap]:
    """The family's maps of the rig: one for every prefix and spelling of the sides that has hip and legs."""
    maps: list[RigMap] = []
    for prefix in _prefixes(rig, family):
        for sides in family.sides:
            bones = _assign(rig, family, prefix, sides)
            root = _first(rig, prefix, family.root, set(bones.values()))
            if all(joint in bones for joint in REQUIRED) and _legs_hang_together(rig, bones):
                maps.append(_rig_map(rig, family, bones, root, prefix, sides))
    return maps


def _prefixes(rig: RigSnapshot, family: Family) -> list[str]:
    """What stands before the pelvis' name in this rig; more than one where several bones could be the pelvis."""
    found: dict[str, None] = {}
    for name in family.joints["pelvis"]:
        pattern = re.compile(f"({family.prefix}){re.escape(name)}", re.IGNORECASE)
        for bone in rig.bones:
            hit = pattern.fullmatch(bone)
            if hit:
                found[hit.group(1)] = None
    return list(found)


def _first(rig: RigSnapshot, prefix: str, names: tuple[str, ...], taken: set[str]) -> str | None:
    """The first of the names that the rig has and that is still free, exactly or else ignoring case."""
    lower = {bone.casefold(): bone for bone in rig.bones}
    for name in names:
        bone = prefix + name if prefix + name in rig.bones else lower.get((prefix + name).casefold())
        if bone is not None and bone not in taken:
            return bone
    return None


def _assign(rig: RigSnapshot, family: Family, prefix: str, sides: tuple[str, str]) -> dict[str, str]:
    bones: dict[str, str] = {}
    for joint in ORDER:
        side, _, paired = joint.partition("_")
        if paired in PAIRED:
            text = sides[0] if side == "left" else sides[1]
            names = tuple(name.format(side=text) for name in family.joints.get(paired, ()))
        else:
            names = family.joints.get(joint, ())
        bone = _first(rig, prefix, names, set(bones.values()))
        if bone is not None:
            bones[joint] = bone
    if "spine3" not in bones:
        top = next((joint for joint in ("spine2", "spine1") if joint in bones), None)
        if top is not None:
            bones["spine3"] = bones.pop(top)
    return {joint: bones[joint] for joint in JOINT_NAMES if joint in bones}


def _legs_hang_together(rig: RigSnapshot, bones: Mapping[str, str]) -> bool:
    return all(bones[f"{s}_hip"] in rig.ancestors(bones[f"{s}_knee"]) for s in ("left", "right"))


def expected_parent(joint: str, bones: Mapping[str, str], family: Family, root: str | None) -> str | None:
    """The bone that should be the nearest mapped one above a joint's bone; None at the top."""
    above = family.parents.get(joint.rpartition("_")[2])
    if above is None:
        parent = PARENTS[JOINT_NAMES.index(joint)]
        above = "root" if parent < 0 else JOINT_NAMES[parent]
    if above == "root":
        return root
    return bones[above] if above in bones else expected_parent(above, bones, family, root)


def _rig_map(
    rig: RigSnapshot, family: Family, bones: dict[str, str], root: str | None, prefix: str, sides: tuple[str, str]
) -> RigMap:
    mapped = {*bones.values(), *([root] if root else [])}
    right: set[str] = set()
    for joint, bone in bones.items():
        nearest = next((name for name in rig.ancestors(bone) if name in mapped), None)
        if nearest == expected_parent(joint, bones, family, root):
            right.add(joint)
    switches = tuple(
        Switch(bone, rule.property, rule.value)
        for rule in family.switches
        for side in sides
        if (bone := prefix + rule.bone.format(side=side)) in rig.bones and rule.property in rig.bones[bone].properties
    )
    fingers = tuple(
        tuple(prefix + name.format(side=side) for name in finger) for side in sides for finger in family.fingers
    )
    reasons = [f"{len(bones)} of {len(JOINT_NAMES)} joints have a bone, {len(right)} under the expected parent"]
    if family.generated_by_rigify and rig.rigify:
        reasons.append("Rigify generated it")
    return RigMap(
        family=family.name,
        bones=bones,
        confidence=round(sum(joint in right for joint in COUNTED) / len(COUNTED), 3),
        problems=_problems(rig, bones, root),
        reasons=tuple(reasons),
        root=root,
        switches=switches,
        fingers=tuple(finger for finger in fingers if all(name in rig.bones for name in finger)),
    )


def _problems(rig: RigSnapshot, bones: Mapping[str, str], root: str | None) -> tuple[str, ...]:
    """What keeps this rig from following a motion in full, a sentence each."""
    problems: list[str] = []
    missing = [joint.replace("_", " ") for joint in COUNTED if joint not in bones]
    if missing:
        problems.append(f"No bone was found for: {', '.join(missing)}; these stay still.")
    keyed = {*bones.values(), *([root] if root else [])}
    held = sorted(name for name in keyed if rig.bones[name].constraints)
    if held:
        problems.append(f"Constraints hold bones that get keys, so the pose may differ: {', '.join(held)}.")
    above = {name for bone in keyed for name in rig.ancestors(bone)} - keyed
    foreign = sorted(
        name for name in above if any(c.kind not in FOLLOWED or not c.plain for c in rig.bones[name].constraints)
    )
    if foreign:
        problems.append(f"Constraints above the keyed bones that are not followed: {', '.join(foreign)}.")
    carrier = rig.bones[root or bones["pelvis"]]
    if carrier.connected or all(carrier.lock_location):
        problems.append(f"“{carrier.name}” cannot be moved (connected or locked), so the motion stays in place.")
    return tuple(problems)
