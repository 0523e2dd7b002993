"""What the limbs of a rig play, FK or IK, and what an edit of them therefore reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from mdm_core.errors import MotionError

from ..keys import read
from ..retarget.ik_limbs import FoundLimb, limbs_of
from ..rig import RigMap, RigSnapshot, Switch
from .chosen import chosen

LIMBS = {"left_shoulder": "left_arm", "right_shoulder": "right_arm", "left_hip": "left_leg", "right_hip": "right_leg"}
POLE = "pole_vector"
"""Beside Rigify's switch: whether the pole says where elbow or knee points, or the limb's base control."""
CLOSE = 1e-3
Played = Literal["fk", "ik", "both"]


def choose(
    armature: Any,
    snapshot: RigSnapshot,
    rig_map: RigMap,
    asked_bones: Sequence[str],
    asked_parts: Sequence[str],
    frames: Sequence[float],
) -> tuple[frozenset[str], tuple[str, ...], tuple[FoundLimb, ...]]:
    """As `chosen`, with the IK controls instead of the FK controls of limbs that play IK at the frames; and these.

    Raises MotionError as `chosen` does, and for what `limbs_written` refuses.
    """
    states = played(armature, snapshot, rig_map, frames)
    standing = [it for it in limbs_of(snapshot, rig_map) if states.get(it.part, "fk") != "fk"]
    meant = [bone for limb in standing if set(limb.controls) & set(asked_bones) for bone in limb.fk_bones]
    bones, parts = chosen(snapshot, rig_map, (*asked_bones, *meant), asked_parts)
    limbs = limbs_written(armature, snapshot, rig_map, parts, frames)
    for limb in limbs:
        own = set(limb.controls) & (set(asked_bones) or set(limb.controls))
        if not own and set(limb.fk_bones) & bones:
            raise MotionError(
                f"The {limb.part.replace('_', ' ')} is animated in IK: choose its IK controls, such as “{limb.end}”, "
                "instead of the FK ones."
            )
        bones = (bones - set(limb.fk_bones)) | own
    return bones, parts, limbs


def played(armature: Any, snapshot: RigSnapshot, rig_map: RigMap, frames: Iterable[float]) -> dict[str, Played]:
    """Body part -> what it plays at the frames, of every limb that has a switch."""
    times = list(frames)
    result: dict[str, Played] = {}
    for switch in rig_map.switches:
        limb = _limb(snapshot, rig_map, switch.bone)
        if limb is not None:
            away = np.abs(_values(armature, switch.bone, switch.property, times, switch.value) - switch.value)
            result[limb] = "fk" if away.max() < CLOSE else "ik" if np.abs(away - 1).max() < CLOSE else "both"
    return result


def limbs_read(armature: Any, snapshot: RigSnapshot, rig_map: RigMap, frames: Iterable[float]) -> list[FoundLimb]:
    """The limbs that do not play FK alone at the frames, as far as it is known which bones show what they play."""
    states = played(armature, snapshot, rig_map, frames)
    return [it for it in limbs_of(snapshot, rig_map) if states.get(it.part, "fk") != "fk" and it.played]


def limbs_written(
    armature: Any, snapshot: RigSnapshot, rig_map: RigMap, parts: Collection[str], frames: Sequence[float]
) -> tuple[FoundLimb, ...]:
    """The limbs of the parts (all if empty) that play IK at the frames, with the controls that act there.

    Raises MotionError for limbs that go from FK to IK there, and those whose IK controls are not known.
    """
    known = {it.part: it for it in limbs_of(snapshot, rig_map) if it.played}
    result: list[FoundLimb] = []
    for part, state in played(armature, snapshot, rig_map, frames).items():
        if state == "fk" or (parts and part not in parts):
            continue
        switch = next(it for it in rig_map.switches if _limb(snapshot, rig_map, it.bone) == part)
        name = f"{part.replace('_', ' ')} (“{switch.property}” of “{switch.bone}”)"
        if state == "both":
            raise MotionError(
                f"The {name} plays neither FK nor IK all the way from frame {frames[0]:g} to {frames[-1]:g}: edit the "
                "stretches on either side of the change on their own, or leave the limb out."
            )
        if part not in known:
            raise MotionError(
                f"The {name} plays IK, and of {rig_map.family} rigs only FK is edited: snap FK to IK with the rig's "
                f"own tool in all frames, set “{switch.property}” to {switch.value:g} and edit again, or leave the "
                "limb out."
            )
        result.append(_acting(armature, known[part], switch, frames, name))
    return tuple(result)


def _acting(armature: Any, limb: FoundLimb, switch: Switch, frames: Sequence[float], name: str) -> FoundLimb:
    """The limb with either its pole or its base control, whichever turns it."""
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
    starts = {joint: rig_map.bones[joint] for joint in LIMBS if joint in rig_map.bones}
    if bone not in snapshot.bones or not starts:
        return None
    head = snapshot.bones[bone].head
    return LIMBS[min(starts, key=lambda joint: float(np.linalg.norm(snapshot.bones[starts[joint]].head - head)))]
