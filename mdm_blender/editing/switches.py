"""What the limbs of a rig play, FK or IK, and what an edit of them therefore reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from mdm_core.errors import MotionError

from ..keys import read
from ..retarget.ik_limbs import FoundLimb, limbs_of
from ..rig import RigMap, RigSnapshot, Switch
from .chains import PARTS, chains, influence, shown
from .chosen import chosen

POLE = "pole_vector"
"""Beside Rigify's switch: whether the pole says where elbow or knee points, or the limb's base control."""
CLOSE = 1e-3
Played = Literal["fk", "ik", "both"]


@dataclass(frozen=True)
class Playing:
    """What a limb plays. name: of the limb and what decides, for sentences; limb: its IK controls, None where they are
    not known or cannot be followed, and advice what the user can do then; switch: None where a constraint decides."""

    part: str
    state: Played
    name: str
    limb: FoundLimb | None
    advice: str
    switch: Switch | None = None


def choose(
    armature: Any,
    snapshot: RigSnapshot,
    rig_map: RigMap,
    asked_bones: Sequence[str],
    asked_parts: Sequence[str],
    frames: Sequence[float],
) -> tuple[frozenset[str], tuple[str, ...], tuple[FoundLimb, ...]]:
    """As `chosen`, with the IK controls instead of the FK controls of limbs that play IK at the frames; and these.

    Raises MotionError as `chosen` does, for limbs that go from FK to IK there, and those whose IK controls are not
    known.
    """
    states = playing(armature, snapshot, rig_map, frames)
    standing = [it.limb for it in states if it.limb is not None and it.state != "fk"]
    meant = [bone for limb in standing if set(limb.controls) & set(asked_bones) for bone in limb.fk_bones]
    bones, parts = chosen(snapshot, rig_map, (*asked_bones, *meant), asked_parts)
    limbs = _written(armature, states, parts, frames)
    for limb in limbs:
        own = set(limb.controls) & (set(asked_bones) or set(limb.controls))
        if not own and set(limb.idle) & bones:
            raise MotionError(
                f"The {limb.part.replace('_', ' ')} is animated in IK: choose its IK controls, such as “{limb.end}”, "
                "instead of the FK ones."
            )
        bones = (bones - set(limb.idle)) | own
    return bones, parts, limbs


def playing(armature: Any, snapshot: RigSnapshot, rig_map: RigMap, frames: Iterable[float]) -> list[Playing]:
    """What the limbs that have a switch, or hang on an IK constraint, play at the frames."""
    times = list(frames)
    known = {it.part: it if it.played else shown(armature, snapshot, it) for it in limbs_of(snapshot, rig_map)}
    result: dict[str, Playing] = {}
    for switch in rig_map.switches:
        part = _limb(snapshot, rig_map, switch.bone)
        if part is not None:
            away = np.abs(_values(armature, switch.bone, switch.property, times, switch.value) - switch.value)
            name = f"{part.replace('_', ' ')} (“{switch.property}” of “{switch.bone}”)"
            advice = (
                f"The {name} plays IK, and of {rig_map.family} rigs only FK is edited: snap FK to IK with the rig's "
                f"own tool in all frames, set “{switch.property}” to {switch.value:g} and edit again, or leave the "
                "limb out."
            )
            limb = known[part] if part in known and known[part].played else None
            result[part] = Playing(part, _state(away), name, limb, advice, switch)
    for chain in chains(armature, snapshot, rig_map):
        part = chain.limb.part
        if part not in result:
            advice = (
                f"The {chain.name} cannot be edited in IK, as {chain.wrong}: bake it to FK (Bake Action with Visual "
                "Keying and Clear Constraints) and edit again, or leave the limb out."
            )
            limb = None if chain.wrong else chain.limb
            result[part] = Playing(part, _state(influence(armature, chain, times)), chain.name, limb, advice)
    return list(result.values())


def limbs_read(armature: Any, snapshot: RigSnapshot, rig_map: RigMap, frames: Iterable[float]) -> list[FoundLimb]:
    """The limbs that do not play FK alone at the frames, as far as it is known which bones show what they play."""
    states = playing(armature, snapshot, rig_map, frames)
    return [it.limb for it in states if it.limb is not None and it.state != "fk"]


def _written(
    armature: Any, states: Sequence[Playing], parts: Collection[str], frames: Sequence[float]
) -> tuple[FoundLimb, ...]:
    """The limbs of the parts (all if empty) that play IK at the frames, with the controls that act there."""
    result: list[FoundLimb] = []
    for it in states:
        if it.state == "fk" or (parts and it.part not in parts):
            continue
        if it.state == "both":
            raise MotionError(
                f"The {it.name} plays neither FK nor IK all the way from frame {frames[0]:g} to {frames[-1]:g}: edit "
                "the stretches on either side of the change on their own, or leave the limb out."
            )
        if it.limb is None:
            raise MotionError(it.advice)
        result.append(it.limb if it.switch is None else _acting(armature, it.limb, it.switch, frames, it.name))
    return tuple(result)


def _state(away: Any) -> Played:
    """Of how far the limb is from FK at the frames [T]: 0 is FK, 1 is IK."""
    return "fk" if away.max() < CLOSE else "ik" if np.abs(away - 1).max() < CLOSE else "both"


def _acting(armature: Any, limb: FoundLimb, switch: Switch, frames: Sequence[float], name: str) -> FoundLimb:
    """The limb with either its pole or its base control, whichever turns it."""
    if limb.base is None:
        return limb
    pole = _values(armature, switch.bone, POLE, frames, 0.0)
    if np.ptp(pole) > CLOSE:
        raise MotionError(
            f"The {name} changes between a pole and none: edit the stretches on either side on their own."
        )
    return replace(limb, base=None) if pole[0] > 0.5 else replace(limb, pole=None)


def _values(armature: Any, bone: str, name: str, frames: Iterable[float], default: float) -> Any:
    """A custom property at the frames [T]."""
    now = float(armature.pose.bones[bone].get(name, default))
    channels = next((it for it in read.animated(armature) if it.bone == bone and it.property == f'["{name}"]'), None)
    if channels is None:
        return np.full(len(list(frames)), now)
    return read.evaluated(channels, [now], frames)[:, 0]


def _limb(snapshot: RigSnapshot, rig_map: RigMap, bone: str) -> str | None:
    """The limb whose beginning lies nearest to the head of the bone that holds the switch."""
    starts = {joint: rig_map.bones[joint] for joint in PARTS if joint in rig_map.bones}
    if bone not in snapshot.bones or not starts:
        return None
    head = snapshot.bones[bone].head
    return PARTS[min(starts, key=lambda joint: float(np.linalg.norm(snapshot.bones[starts[joint]].head - head)))]
