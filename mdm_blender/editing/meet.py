"""An edited action brought to its goals on the rig itself, and how near it came. The model has been there but for the
rig's other proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..keys import read
from ..keys.channels import location_channels, rotation_channels, rotation_property
from ..keys.locks import near
from ..keys.targets import bone_target
from ..retarget.rest import read_rest
from .anchoring import spread
from .goals import JointGoal, places
from .plan import Plan
from .reach import reached
from .splice import Values, lay

Array = NDArray[np.floating]
NEAR = 0.01
"""Metres of the motion: a joint that stays farther from its goal is told of."""
ENOUGH = 5e-4
EASE = 0.35
"""Seconds before and after a goal over which the last step towards it fades."""
ROUNDS = 7


@dataclass(frozen=True)
class Met:
    """off: how far the joint stayed from its goal, metres of the motion, on the rig as Blender evaluates it."""

    goal: JointGoal
    off: float

    @property
    def note(self) -> str:
        if self.off <= NEAR:
            return ""
        return (
            f"The {self.goal.label} stays {100 * self.off:.1f} cm from its target: move it, or let more of the body "
            "change."
        )


def meet(armature: Any, plan: Plan, goals: Sequence[JointGoal], metre: float, scene: Any) -> list[Met]:
    """Changes the assigned action, the plan's bones within its frames, until the goals are met; how near they are.

    metre: that of the motion in Blender's units.
    """
    missing, worlds = _missing(armature, plan, goals, scene)
    for _ in range(ROUNDS):
        if _worst(missing) <= ENOUGH * metre:
            break
        before = missing
        _step(armature, plan, goals, missing, worlds)
        missing, worlds = _missing(armature, plan, goals, scene)
        if _worst(missing) > 0.7 * _worst(before):
            break
    return [Met(goal, float(np.linalg.norm(off)) / metre) for goal, off in zip(goals, missing, strict=True)]


def _worst(missing: Array) -> float:
    return float(np.linalg.norm(missing, axis=-1).max())


def _missing(armature: Any, plan: Plan, goals: Sequence[JointGoal], scene: Any) -> tuple[Array, Array]:
    """What each joint lacks [G, 3], in Blender's world, and the object's matrices [G, 4, 4] at these frames."""
    rest = read_rest(plan.stretch.rig, plan.stretch.rig_map)
    joints, frames = sorted({it.joint for it in goals}), sorted({it.frame for it in goals})
    there, worlds = places(armature, rest, joints, frames, scene)
    rows, columns = [frames.index(it.frame) for it in goals], [joints.index(it.joint) for it in goals]
    return np.array([it.place for it in goals]) - there[rows, columns], worlds[rows]


def _step(armature: Any, plan: Plan, goals: Sequence[JointGoal], missing: Array, worlds: Array) -> None:
    stretch = plan.stretch
    rest = read_rest(stretch.rig, stretch.rig_map)
    frames = np.arange(plan.first, plan.last + 1)
    kept = plan.fixed[frames - stretch.first]
    ease = max(2, round(EASE * stretch.motion.fps))
    shifts: dict[str, Array] = {}
    for joint in dict.fromkeys(goal.joint for goal in goals):
        values, fixed = np.zeros((len(frames), 3)), kept.copy()
        for goal, off, world in zip(goals, missing, worlds, strict=True):
            if goal.joint == joint:
                values[goal.frame - plan.first] = np.linalg.solve(world[:3, :3], off)
                fixed[goal.frame - plan.first] = True
        padded = np.pad(values, ((1, 1), (0, 0)))
        shifts[joint] = spread(padded, np.pad(fixed, 1, constant_values=True), ease)[1:-1]
    samples = read.sample(armature, frames)
    tracks = reached(stretch.rig, stretch.rig_map, rest, samples, shifts, plan.bones)
    moving = np.max([np.abs(shift).max(axis=1) for shift in shifts.values()], axis=0) > 0
    values = changed_values(armature, frames, tracks.rotations, tracks.locations, moving)
    lay(compat.own_channels(armature), values, plan.first, plan.last, plan.open)


def changed_values(
    armature: Any,
    frames: NDArray[np.int_],
    rotations: Mapping[str, Array],
    locations: Mapping[str, Array],
    moving: NDArray[np.bool_],
) -> list[Values]:
    """Bones' tracks [T] at whole frames [T], one after the other, as channels of the assigned action; where nothing
    moves [T] these keep their very numbers."""
    known = read.by_property(armature)
    result: list[Values] = []

    def add(bone: str, path: str, index: int, raw: Array, made: Array) -> None:
        result.append(Values(path, index, bone, int(frames[0]), raw[:, index], np.where(moving, made, raw[:, index])))

    def played(bone: str, prop: str) -> Array:
        return read.played(known, bone, prop, getattr(armature.pose.bones[bone], prop), frames)

    for bone, location in locations.items():
        target = bone_target(armature, bone)
        raw = played(bone, "location")
        for channel in location_channels(target, np.broadcast_to(location, (len(frames), 3))):
            add(bone, channel.path, channel.index, raw, channel.values)
    for bone, rotation in rotations.items():
        target = bone_target(armature, bone)
        raw = played(bone, rotation_property(target.locks.mode))
        channels = rotation_channels(target, np.broadcast_to(rotation, (len(frames), 4)), target.held(raw))
        values = raw.copy()
        for channel in channels:
            values[:, channel.index] = channel.values
        values = near(values, raw, ~moving, target.locks)
        for channel in channels:
            add(bone, channel.path, channel.index, raw, values[:, channel.index])
    return result
