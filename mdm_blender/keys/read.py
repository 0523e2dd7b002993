"""Reading what an armature's action plays, as plain arrays, through its F-curves: the scene's frame is not touched.

F-curves tell a bone's own channels. Where constraints or drivers move a bone, only Blender's evaluation tells its
pose: `driven` names these bones, and `stepping` goes through frames for them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .. import compat
from ..retarget.tracks import PoseSamples
from .channels import EULER, ROTATIONS, rotation_property
from .euler import from_mode
from .locks import Held
from .object_space import object_space
from .targets import bone_target

Array = NDArray[np.floating]
Frames = NDArray[np.floating | np.integer]
BONE_PATH = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.?(.*)', re.DOTALL)
HARMLESS = {"LIMIT_SCALE", "MAINTAIN_VOLUME"}


@dataclass(frozen=True)
class Channels:
    """The F-curves of one property: of a bone, or of the object itself (bone is ""). curves: array index -> F-curve."""

    bone: str
    property: str
    curves: dict[int, Any]


def animated(armature: Any, action: Any = None) -> list[Channels]:
    """The armature's F-curves in its action (or the given one), by bone and property; empty without an action."""
    data = armature.animation_data
    action = action or (data.action if data else None)
    bag = None if action is None else compat.bag_of(action, armature)
    found: dict[tuple[str, str], Channels] = {}
    for curve in bag.fcurves if bag is not None else ():
        hit = BONE_PATH.fullmatch(curve.data_path)
        name, tail = (bpy.utils.unescape_identifier(hit.group(1)), hit.group(2)) if hit else ("", curve.data_path)
        found.setdefault((name, tail), Channels(name, tail, {})).curves[curve.array_index] = curve
    return list(found.values())


def evaluated(channels: Channels, now: Sequence[float], frames: Iterable[float]) -> Array:
    """The property's values [T, n] at any frames; `now` [n] is what it is without keys. Muted curves are not played."""
    times = [float(frame) for frame in frames]
    values = np.tile(np.array(now, dtype=np.float64), (len(times), 1))
    for index, curve in channels.curves.items():
        if not curve.mute and index < values.shape[1]:
            values[:, index] = [curve.evaluate(frame) for frame in times]
    return values


def sample(
    armature: Any, frames: Iterable[float], bones: Iterable[str] | None = None, action: Any = None
) -> PoseSamples:
    """The bones' local values at the frames [T], whole or not, as their F-curves play them; all bones by default.

    action: the assigned one by default. A bone or channel without F-curves has its present value. A motion of the
    armature object itself is given in world space, its parent standing as it does now. Raises MotionError for a bone
    that is not there.
    """
    times = np.asarray(list(frames), dtype=np.float64)
    channels = by_property(armature, action)
    names = list(armature.pose.bones.keys()) if bones is None else list(bones)
    missing = [name for name in names if name not in armature.pose.bones]
    if missing:
        raise MotionError(f"“{armature.name}” has no bone “{missing[0]}”.")
    rotations: dict[str, Array] = {}
    locations: dict[str, Array] = {}
    scales: dict[str, Array] = {}
    for name in names:
        posed = armature.pose.bones[name]
        rotations[name] = _rotation(channels, name, posed, times)
        locations[name] = played(channels, name, "location", posed.location, times)
        scales[name] = played(channels, name, "scale", posed.scale, times)
    location, rotation = _object(armature, channels, times)
    return PoseSamples(rotations, locations, scales, location, rotation)


def by_property(armature: Any, action: Any = None) -> dict[tuple[str, str], Channels]:
    """`animated` by (bone, property)."""
    return {(it.bone, it.property): it for it in animated(armature, action)}


def played(
    known: Mapping[tuple[str, str], Channels], bone: str, prop: str, now: Sequence[float], frames: Frames
) -> Array:
    """The values [T, n] of a bone's property, "" is the object's: `now` [n] where no F-curve is `known` to move it."""
    channels = known.get((bone, prop))
    if channels is None:
        return np.broadcast_to(np.array(now, dtype=np.float64), (len(frames), len(now)))
    return evaluated(channels, now, frames)


def held(armature: Any, bones: Iterable[str], frames: Frames) -> dict[str, Held]:
    """What is locked of the rotations of bones, "" is the object, at what it plays at the frames [T]; those of which
    nothing is locked are left out."""
    known, result = by_property(armature), dict[str, Held]()
    for bone in sorted(bones):
        target = bone_target(armature, bone)
        if target.locks.named:
            channels = known.get((bone, rotation_property(target.locks.mode)))
            result[bone] = target.held(None if channels is None else evaluated(channels, target.turned, frames))
    return result


def _rotation(channels: Mapping[tuple[str, str], Channels], name: str, posed: Any, times: Array) -> Array:
    mode = posed.rotation_mode
    prop = rotation_property(mode)
    return from_mode(played(channels, name, prop, getattr(posed, prop), times), mode)


def _object(armature: Any, channels: Mapping[tuple[str, str], Channels], times: Array) -> tuple[Any, Any]:
    """The object's own place [T, 3] and rotation [T, 4] in world space, each None where it is not animated."""
    if not {("", "location"), ("", rotation_property(armature.rotation_mode))} & set(channels):
        return None, None
    space = object_space(armature)
    location = played(channels, "", "location", armature.location, times)
    return space.places(location), space.headings(_rotation(channels, "", armature, times))


def driven(armature: Any) -> set[str]:
    """Bones whose pose is not told by their F-curves alone: constraints or drivers move them."""
    held = {
        posed.name
        for posed in armature.pose.bones
        if any(not it.mute and it.influence > 0 and it.type not in HARMLESS for it in posed.constraints)
    }
    data = armature.animation_data
    for driver in data.drivers if data else ():
        hit = BONE_PATH.fullmatch(driver.data_path)
        tail = hit.group(2) if hit else ""
        if hit and tail.split("[")[0] in ("location", "scale", EULER, *ROTATIONS.values()):
            held.add(bpy.utils.unescape_identifier(hit.group(1)))
    return held


@contextmanager
def stepping(scene: Any) -> Generator[Any]:
    """Gives a function that sets the scene to a frame, whole or not, and evaluates; at the end the frame is as before.

    For poses that only Blender knows. Costs an evaluation of the scene each time.
    """
    frame, subframe = scene.frame_current, scene.frame_subframe

    def step(to: float) -> None:
        whole = int(np.floor(to))
        scene.frame_set(whole, subframe=float(to - whole))

    try:
        yield step
    finally:
        scene.frame_set(frame, subframe=subframe)


def poses(armature: Any, bones: Sequence[str], frames: Iterable[float], scene: Any = None) -> dict[str, Array]:
    """Matrices [T, 4, 4] of bones in armature space as Blender evaluates them, by stepping through the frames."""
    result: dict[str, list[Array]] = {name: [] for name in bones}
    with stepping(scene or bpy.context.scene) as step:
        for frame in frames:
            step(float(frame))
            playing = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
            for name in bones:
                result[name].append(np.array(playing.pose.bones[name].matrix, dtype=np.float64))
    return {name: np.array(matrices) for name, matrices in result.items()}
