"""Which bone plays which SMPL joint, by name: every family's table is tried, and the hierarchy judges each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mdm_core.skeleton import JOINT_NAMES, PARENTS

from .anatomy import Doubt, doubts
from .families import FAMILIES
from .family import COUNTED, PAIRED, REQUIRED, Family
from .names import Names
from .rig_map import RigMap, Switch, in_order, problems_of
from .snapshot import RigSnapshot

ORDER = ("pelvis", "spine3", "spine1", "spine2", *(n for n in JOINT_NAMES if n != "pelvis" and "spine" not in n))
"""The chest chooses before the bones between: a short spine has a chest, and lacks the middle."""

Affixes = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """One family's map under one reading of the rig's names.

    marks: whether all the family's marks are there. spelled: joints whose bone is spelled as the table has it.
    held: mapped bones that constraints hold, which controls are not.
    """

    rig_map: RigMap
    marks: bool
    spelled: int
    held: int
    added: int
    """Letters before and behind every name."""

    @property
    def rank(self) -> tuple[float, ...]:
        free = self.rig_map.confidence - 0.3 * self.held / len(self.rig_map.bones)
        return round(free, 2), len(self.rig_map.bones), self.marks, self.spelled, -self.added


def named_map(rig: RigSnapshot) -> RigMap | None:
    """The best fitting family's map of the rig; None when no family finds a hip and two legs."""
    names = Names(rig.bones)
    best: Reading | None = None
    for family in FAMILIES:
        for affixes in _affixes(names, family):
            reading = _read(rig, names, family, affixes)
            if reading is not None and (best is None or reading.rank > best.rank):
                best = reading
    return best.rig_map if best is not None else None


def _affixes(names: Names, family: Family) -> list[Affixes]:
    """What may stand before and behind all names: what stands around the pelvis' and a hip's alike."""
    found: dict[Affixes, None] = {}
    for pelvis in family.joints["pelvis"]:
        for affixes in sorted(names.affixes(pelvis), key=lambda pair: (len(pair[0]) + len(pair[1]), pair)):
            if any(_found(names, family, f"left_{joint}", affixes) for joint in ("hip", "knee")):
                found[affixes] = None
    return list(found)


def _found(names: Names, family: Family, joint: str, affixes: Affixes) -> list[str]:
    """All bones that the family's table calls this joint, the likeliest first."""
    side, _, paired = joint.partition("_")
    if paired not in PAIRED:
        return [b for name in family.joints.get(joint, ()) for b in names.find(name, None, "", affixes)]
    words = [sides[0] if side == "left" else sides[1] for sides in family.sides]
    return [
        bone
        for name in family.joints.get(paired, ())
        for word in words
        for bone in names.find(name, side, word, affixes)
    ]


def _read(rig: RigSnapshot, names: Names, family: Family, affixes: Affixes) -> Reading | None:
    bones = _assign(names, family, affixes)
    if any(joint not in bones for joint in REQUIRED) or not _legs_hang_together(rig, bones):
        return None
    taken = set(bones.values())
    roots = (bone for name in family.root for bone in names.find(name, None, "", affixes))
    root = next((bone for bone in roots if bone not in taken), None)
    rig_map = _rig_map(rig, names, family, bones, root, affixes)
    marks = [names.find(mark, None, "", affixes) for mark in family.marks]
    return Reading(
        rig_map,
        marks=bool(marks) and all(marks),
        spelled=sum(_spelled(family, joint, bone) for joint, bone in bones.items()),
        held=sum(bool(rig.bones[bone].constraints) for bone in bones.values()),
        added=len(affixes[0]) + len(affixes[1]),
    )


def _assign(names: Names, family: Family, affixes: Affixes) -> dict[str, str]:
    bones: dict[str, str] = {}
    for joint in ORDER:
        taken = bones.values()
        bone = next((b for b in _found(names, family, joint, affixes) if b not in taken), None)
        if bone is not None:
            bones[joint] = bone
    if "spine3" not in bones:
        top = next((joint for joint in ("spine2", "spine1") if joint in bones), None)
        if top is not None:
            bones["spine3"] = bones.pop(top)
    return in_order(bones)


def _spelled(family: Family, joint: str, bone: str) -> bool:
    side, _, paired = joint.partition("_")
    if paired not in PAIRED:
        return any(bone.endswith(name) for name in family.joints.get(joint, ()))
    words = [sides[0] if side == "left" else sides[1] for sides in family.sides]
    return any(bone.endswith(name.format(side=word)) for name in family.joints.get(paired, ()) for word in words)


def _legs_hang_together(rig: RigSnapshot, bones: Mapping[str, str]) -> bool:
    return all(bones[f"{s}_hip"] in rig.ancestors(bones[f"{s}_knee"]) for s in ("left", "right"))


def _expected_parents(joint: str, bones: Mapping[str, str], family: Family, root: str | None) -> set[str | None]:
    """The bones of which one should be the nearest mapped one above a joint's bone; None at the top."""
    side, _, paired = joint.rpartition("_")
    above = family.parents.get(paired)
    if above is None:
        parent = PARENTS[JOINT_NAMES.index(joint)]
        above = ("root" if parent < 0 else JOINT_NAMES[parent],)
    found: set[str | None] = set()
    for name in above:
        full = f"{side}_{name}" if name in PAIRED else name
        if name == "":
            found.add(None)
        elif name == "root":
            found.add(root)
        elif full in bones:
            found.add(bones[full])
        else:
            found |= _expected_parents(full, bones, family, root)
    return found


def _rig_map(
    rig: RigSnapshot, names: Names, family: Family, bones: dict[str, str], root: str | None, affixes: Affixes
) -> RigMap:
    mapped = {*bones.values(), *([root] if root else [])}
    right: set[str] = set()
    for joint, bone in bones.items():
        nearest = next((name for name in rig.ancestors(bone) if name in mapped), None)
        if nearest in _expected_parents(joint, bones, family, root):
            right.add(joint)
    reasons = [f"{len(bones)} of {len(JOINT_NAMES)} joints have a bone, {len(right)} under the expected parent"]
    if family.generated_by_rigify and rig.rigify:
        reasons.append("Rigify generated it")
    found = RigMap(
        family=family.name,
        bones=bones,
        confidence=round(sum(joint in right for joint in COUNTED) / len(COUNTED), 3),
        problems=problems_of(rig, bones, root),
        reasons=tuple(reasons),
        root=root,
        switches=_switches(rig, names, family, affixes),
        fingers=_fingers(names, family, affixes),
        doubts=tuple(joint for joint in bones if joint not in right),
    )
    return judged(rig, found)


def judged(rig: RigSnapshot, rig_map: RigMap) -> RigMap:
    """The map with what the body's shape says against it taken off its confidence."""
    against = doubts(rig, rig_map.bones)
    confidence = rig_map.confidence
    for doubt in against:
        confidence *= doubt.share
    return doubted(rig_map, confidence, against)


def doubted(rig_map: RigMap, confidence: float, against: tuple[Doubt, ...]) -> RigMap:
    """The map with this confidence, and with the doubts' joints and reasons."""
    uncertain = {*rig_map.doubts, *(joint for doubt in against for joint in doubt.joints)}
    return replace(
        rig_map,
        confidence=round(confidence, 3),
        reasons=(*rig_map.reasons, *(doubt.reason for doubt in against)),
        doubts=tuple(joint for joint in rig_map.bones if joint in uncertain),
    )


def _switches(rig: RigSnapshot, names: Names, family: Family, affixes: Affixes) -> tuple[Switch, ...]:
    return tuple(
        Switch(bone, rule.property, rule.value)
        for rule in family.switches
        for side, words in zip(("left", "right"), zip(*family.sides, strict=True), strict=True)
        for bone in names.find(rule.bone, side, words[0], affixes)[:1]
        if rule.property in rig.bones[bone].properties
    )


def _fingers(names: Names, family: Family, affixes: Affixes) -> tuple[tuple[str, ...], ...]:
    """The fingers of which every bone is there; of two ways to read one the first, which is the longer."""
    found: list[tuple[str, ...]] = []
    for side in ("left", "right"):
        words = [sides[0] if side == "left" else sides[1] for sides in family.sides]
        for finger in family.fingers:
            bones = [
                next((bone for word in words for bone in names.find(name, side, word, affixes)), "") for name in finger
            ]
            if all(bones) and not any(bones[0] in finger for finger in found):
                found.append(tuple(bones))
    return tuple(found)
