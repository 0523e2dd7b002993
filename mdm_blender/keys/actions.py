"""Writing PoseTracks as an action. With `compat` the only code that touches actions and F-curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.rotations import continuous

from .. import compat
from ..retarget.tracks import PoseTracks
from .euler import to_axis_angle, to_euler

Array = NDArray[np.floating]
PATHS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
SWITCHES_BEFORE = "mdm_switches_before"
"""Custom property of the action: JSON of what its switches were, [[bone, property, value], ...]."""


def write(
    armature: Any,
    tracks: PoseTracks,
    frames: NDArray[np.floating],
    *,
    action_name: str,
    properties: Mapping[str, Any],
) -> Any:
    """A new action with the tracks' keys at the scene frames [T], assigned to the armature; returned.

    Keys are of type GENERATED; a bone's rotation mode is honoured, locked channels get no keys. The action
    that the armature had is kept (fake user), as is everything in the scene. properties become custom
    properties of the action. Raises MotionError, with nothing changed, where the armature cannot take keys.
    """
    _check(armature, tracks, frames)
    data = armature.animation_data or armature.animation_data_create()
    if data.action is not None:
        data.action.use_fake_user = True
    action = bpy.data.actions.new(action_name)
    channels = compat.new_channels(action, armature)
    for bone, location in tracks.locations.items():
        _write_location(channels, armature.pose.bones[bone], frames, location)
    for bone, rotation in tracks.rotations.items():
        _write_rotation(channels, armature.pose.bones[bone], frames, rotation)
    before = [[s.bone, s.property, armature.pose.bones[s.bone][s.property]] for s in tracks.switches]
    for switch in tracks.switches:
        path = f"{_path(armature.pose.bones[switch.bone])}[{_quoted(switch.property)}]"
        _write_curve(channels, path, 0, switch.bone, frames[:1], np.array([switch.value]), "CONSTANT")
    for key, value in properties.items():
        action[key] = value
    if before:
        action[SWITCHES_BEFORE] = json.dumps(before)
    compat.assign_action(armature, action, getattr(channels, "slot", None))
    return action


def _check(armature: Any, tracks: PoseTracks, frames: NDArray[np.floating]) -> None:
    name = armature.name
    missing = [b for b in (*tracks.rotations, *tracks.locations) if b not in armature.pose.bones]
    missing += [s.bone for s in tracks.switches if s.bone not in armature.pose.bones]
    if missing:
        raise MotionError(f"“{name}” has no bone “{missing[0]}” any more: generate the motion again.")
    values = (*tracks.rotations.values(), *tracks.locations.values())
    if any(len(v) not in (1, len(frames)) for v in values) or len(frames) == 0:
        raise MotionError("The motion and its frames differ in length: generate the motion again.")
    if not all(np.isfinite(v).all() for v in (*values, frames)) or np.any(np.diff(frames) <= 0):
        raise MotionError("The motion holds values that are not numbers: generate it again.")
    if armature.library is not None:
        raise MotionError(f"“{name}” is linked from another file: make a library override of it first.")
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise MotionError(f"An NLA strip of “{name}” is being tweaked: leave tweak mode first.")


def _quoted(name: str) -> str:
    return '"' + bpy.utils.escape_identifier(name) + '"'


def _path(posed: Any) -> str:
    return f"pose.bones[{_quoted(posed.name)}]"


def _write_location(channels: Any, posed: Any, frames: NDArray[np.floating], location: Array) -> None:
    for axis in range(3):
        if not posed.lock_location[axis]:
            _write_curve(channels, f"{_path(posed)}.location", axis, posed.name, frames, location[:, axis])


def _write_rotation(channels: Any, posed: Any, frames: NDArray[np.floating], rotation: Array) -> None:
    mode = posed.rotation_mode
    locked = tuple(posed.lock_rotation)
    if all(locked):
        return
    if mode == "QUATERNION":
        values = continuous(_unlocked(rotation, locked))
    elif mode == "AXIS_ANGLE":
        values = to_axis_angle(_unlocked(rotation, locked))
    else:
        values = to_euler(rotation, mode)
    path = f"{_path(posed)}.{PATHS.get(mode, 'rotation_euler')}"
    for index in range(values.shape[1]):
        if mode in PATHS or not locked[index]:
            _write_curve(channels, path, index, posed.name, frames, values[:, index])


def _unlocked(rotation: Array, locked: tuple[bool, ...]) -> Array:
    """Rotations [T, 4] without their turn about locked axes: of a quaternion no single channel can be left out."""
    if not any(locked):
        return rotation
    free = rotation * np.array([1.0, *(0.0 if lock else 1.0 for lock in locked)])
    length = np.linalg.norm(free, axis=-1, keepdims=True)
    return np.where(length > 1e-6, free / np.maximum(length, 1e-6), [1.0, 0.0, 0.0, 0.0])


def _enum(name: str, identifier: str) -> int:
    declared: Any = bpy.types.Keyframe.bl_rna.properties[name]
    return declared.enum_items[identifier].value


def _write_curve(
    channels: Any,
    path: str,
    index: int,
    group: str,
    frames: NDArray[np.floating],
    values: Array,
    interpolation: str = "BEZIER",
) -> None:
    """One F-curve, all keys at once; a value for every frame, or one value that holds from the first frame on."""
    frames = frames[: len(values)]
    curve = compat.new_fcurve(channels, path, index, group)
    points = curve.keyframe_points
    points.add(len(values))
    points.foreach_set("co", np.stack([frames, values], axis=-1).astype(np.float32).ravel())
    for name, identifier in (
        ("interpolation", interpolation),
        ("type", "GENERATED"),
        ("handle_left_type", "AUTO_CLAMPED"),
        ("handle_right_type", "AUTO_CLAMPED"),
    ):
        points.foreach_set(name, np.full(len(values), _enum(name, identifier), dtype=np.int32))
    curve.update()
