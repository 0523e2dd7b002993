"""RigMap: which bone plays which joint, how sure that is, and what keeps the rig from following. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdm_core.skeleton import JOINT_NAMES

from .family import COUNTED
from .snapshot import RigSnapshot

CERTAIN = 0.8
"""Below this confidence the panel asks the user to check the mapping."""

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
    where the hierarchy has them, less what their places at rest speak against. doubts: joints whose bone
    may be wrong. problems: sentences for the user. reasons: why this family. edited: a user chose the bones.
    """

    family: str
    bones: Mapping[str, str]
    confidence: float
    problems: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    root: str | None = None
    switches: tuple[Switch, ...] = ()
    fingers: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    doubts: tuple[str, ...] = ()
    edited: bool = False

    @property
    def carrier(self) -> str:
        """The bone whose location carries the body."""
        return self.root or self.bones["pelvis"]

    @property
    def certain(self) -> bool:
        """Whether it can be used without the user's looking at it."""
        return self.edited or self.confidence >= CERTAIN


def problems_of(rig: RigSnapshot, bones: Mapping[str, str], root: str | None) -> tuple[str, ...]:
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


def in_order(bones: Mapping[str, str]) -> dict[str, str]:
    """The same in the order of SMPL's joints."""
    return {joint: bones[joint] for joint in JOINT_NAMES if joint in bones}
