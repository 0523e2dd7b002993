"""Writing PoseTracks: to a new action, into the assigned one, or as a strip of the NLA."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..retarget.tracks import PoseTracks
from . import curves, nla, read
from .channels import Channel, Target, location_channels, lock_notes, rotation_channels, scale_channels
from .locks import Held
from .object_space import object_space
from .targets import Destination, bone_target, check, check_tracks, quoted

Frames = NDArray[np.floating]
SWITCHES_BEFORE = "mdm_switches_before"
"""Custom property of the action: JSON of what its switches were, [[bone, property, value], ...]."""
NOTES = "mdm_notes"
"""Custom property of the action: sentences about what could not be done as asked, one a line."""


@dataclass(frozen=True)
class Prepared:
    """Everything that is to be written, and what there is to say about it."""

    frames: Frames
    channels: list[Channel]
    switches: list[Channel]
    before: list[tuple[str, str, Any]]
    notes: list[str]


def write(
    armature: Any,
    tracks: PoseTracks,
    frames: Frames,
    *,
    action_name: str,
    properties: Mapping[str, Any],
    destination: Destination = "new_action",
    notes: Sequence[str] = (),
) -> Any:
    """Keys for the tracks at the scene frames [T], ascending, whole or not; returns the action that has them.

    Keys are of type GENERATED; a bone's rotation mode is honoured, locked channels get no keys. destination:
    "new_action": assigned; the action that the armature had is kept (fake user).
    "current_action": into the armature's slot of its action. Of the channels that are written, keys within the range
    of frames are replaced; all other keys, channels and slots stay bit for bit. An action that something else plays
    too is copied first. Without an action it is as with "new_action".
    "nla": the action becomes a strip on a track above all others; an action that the armature had is pushed down.
    properties become custom properties of the action; what could not be done as asked is said in its `mdm_notes`,
    after the given notes.
    Raises MotionError, with nothing changed, where the armature cannot take keys.
    """
    check(armature, destination)
    check_tracks(armature, tracks, frames)
    data = armature.animation_data
    among = destination == "current_action" and data is not None and data.action is not None
    prepared = _prepare(armature, tracks, frames, among=among)
    data = data or armature.animation_data_create()
    if among:
        action = _write_into(armature, prepared)
    else:
        action = _write_new(armature, prepared, action_name, assign=destination != "nla")
        if destination == "nla":
            nla.push(armature, action, compat.slot_of(action, armature))
    for key, value in properties.items():
        action[key] = value
    if prepared.before and SWITCHES_BEFORE not in action:
        action[SWITCHES_BEFORE] = json.dumps(prepared.before)
    said = [*notes, *prepared.notes, *nla.mixing_notes(armature, destination)]
    if said:
        action[NOTES] = "\n".join(said)
    elif NOTES in action:
        del action[NOTES]
    return action


def _prepare(armature: Any, tracks: PoseTracks, frames: Frames, *, among: bool) -> Prepared:
    """among: whether the keys are to lie among those of the assigned action, whose locked channels go on playing."""
    channels: list[Channel] = []
    held = read.held(armature, {*tracks.rotations, ""}, frames) if among else {}
    placed = [bone_target(armature, bone) for bone in tracks.locations]
    turned = [bone_target(armature, bone) for bone in tracks.rotations]
    for target in placed:
        channels += location_channels(target, tracks.locations[target.name])
    for target in turned:
        channels += _turning(target, tracks.rotations[target.name], held.get(target.bone))
    for name, scale in tracks.scales.items():
        channels += scale_channels(bone_target(armature, name), scale)
    own = bone_target(armature, "")
    space = object_space(armature)
    if tracks.object_location is not None:
        channels += location_channels(own, space.locations(tracks.object_location))
        placed.append(own)
    if tracks.object_rotation is not None:
        channels += _turning(own, space.rotations(tracks.object_rotation), held.get(own.bone))
        turned.append(own)
    switches = [
        Channel(
            f"{bone_target(armature, it.bone).prefix[:-1]}[{quoted(it.property)}]",
            0,
            it.bone,
            np.array([it.value]),
            "CONSTANT",
        )
        for it in tracks.switches
    ]
    before = [(it.bone, it.property, armature.pose.bones[it.bone][it.property]) for it in tracks.switches]
    notes = [*lock_notes(placed, turned), *_driven_notes(armature, channels)]
    return Prepared(np.asarray(frames, dtype=np.float64), channels, switches, before, notes)


def _turning(target: Target, rotation: Any, held: Held | None) -> list[Channel]:
    """Channels of a rotation [T or 1, 4]; what is locked is as in `held` [T or 1], or as it is now."""
    if held is not None and len(rotation) == 1:
        rotation = np.broadcast_to(rotation, (len(held.values), 4))
    return rotation_channels(target, rotation, held)


def _driven_notes(armature: Any, channels: list[Channel]) -> list[str]:
    data = armature.animation_data
    drivers = {(it.data_path, it.array_index) for it in data.drivers} if data else set()
    driven = sorted({channel.group for channel in channels if (channel.path, channel.index) in drivers})
    return [f"Drivers move channels that got keys, which then do nothing: {', '.join(driven)}."] if driven else []


def _write_new(armature: Any, prepared: Prepared, name: str, *, assign: bool) -> Any:
    action = bpy.data.actions.new(name)
    bag = compat.new_channels(action, armature)
    for channel in (*prepared.channels, *prepared.switches):
        curve = compat.new_fcurve(bag, channel.path, channel.index, channel.group)
        curves.write_dense(curve, prepared.frames[: len(channel.values)], channel.values, channel.interpolation)
    if assign:
        old = armature.animation_data.action
        if old is not None and old.library is None:
            old.use_fake_user = True
        compat.assign_action(armature, action, getattr(bag, "slot", None))
    return action


def _write_into(armature: Any, prepared: Prepared) -> Any:
    """Into the armature's part of its own action, or of a copy of it where something else plays that part too."""
    notes = prepared.notes
    action = armature.animation_data.action
    others = compat.other_users(armature)
    if others:
        action = action.copy()
        compat.assign_action(armature, action, compat.slot_like(action, armature))
        notes.append(f"The action is also used by {', '.join(others)}, so “{armature.name}” got a copy of it.")
    bag = compat.own_channels(armature)
    first, last = float(prepared.frames[0]), float(prepared.frames[-1])
    span = compat.key_span(bag)
    held: list[str] = []
    for channel in prepared.channels:
        curve = bag.fcurves.find(channel.path, index=channel.index)
        if curve is not None and (curve.lock or curve.mute):
            held.append(channel.group)
            continue
        frames = prepared.frames[: len(channel.values)]
        if curve is not None and not curves.within(curve, first, last):
            new = curves.fixed_dense(frames, channel.values, channel.interpolation)
            curves.splice_dense(curve, new, first, last)
            continue
        if curve is None:
            curve = compat.new_fcurve(bag, channel.path, channel.index, channel.group)
        curves.write_dense(curve, frames, channel.values, channel.interpolation)
    for channel, (_, _, value) in zip(prepared.switches, prepared.before, strict=True):
        _write_switch(bag, channel, float(value), (first, last), span)
    if held:
        notes.append(f"Locked or muted channels of the action got no keys: {', '.join(dict.fromkeys(held))}.")
    return action


def _write_switch(bag: Any, channel: Channel, value: float, around: tuple[float, float], span: Any) -> None:
    """A switch in the range, and before and after it what it was, where the action has anything there.

    value: what it is without keys. around: first and last frame of the range; span: of the action so far, or None.
    """
    first, last = around
    curve = bag.fcurves.find(channel.path, index=0)
    keyed = curve is not None and len(curve.keyframe_points) > 0
    frames, values = [first], [float(channel.values[0])]
    if span is not None and span[0] < first:
        frames.insert(0, first - 1)
        values.insert(0, curves.value_at(curve, first - 1) if keyed else value)
    if span is not None and span[1] > last:
        frames.append(last + 1)
        values.append(curves.value_at(curve, last + 1) if keyed else value)
    new = curves.dense(np.array(frames), np.array(values), "CONSTANT")
    if keyed:
        new = curves.spliced(curves.read(curve), new, frames[0], frames[-1])
    elif curve is None:
        curve = compat.new_fcurve(bag, channel.path, 0, channel.group)
    curves.write(curve, new)
