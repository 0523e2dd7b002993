"""Places where single joints must be at a frame: read from empties and bones, and as the model is told of them.

How the rig is brought to them in the end is `reach`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_core.editing.request import Target
from mdm_core.errors import MotionError
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINT_NAMES

from ..keys import read
from ..retarget.rest import RigRest, read_rest
from ..rig import RigMap
from ..rig.read import read as read_rig
from .space import Space, space_of
from .stretch import Stretch

Array = NDArray[np.floating]
LIMBS = {
    "elbow": ("shoulder", "elbow"),
    "wrist": ("shoulder", "elbow", "wrist"),
    "knee": ("hip", "knee"),
    "ankle": ("hip", "knee", "ankle"),
    "foot": ("hip", "knee", "ankle"),
}
"""The joints from which a limb reaches, for each joint that it reaches with; the foot's own length does not count."""


@dataclass(frozen=True)
class JointGoal:
    """A joint (a name of `skeleton.JOINT_NAMES`) is at a place of Blender's world at a scene frame. name: of what marks
    the place, if anything does."""

    joint: str
    frame: int
    place: tuple[float, float, float]
    name: str = ""

    @property
    def label(self) -> str:
        return f"{self.joint.replace('_', ' ')} at frame {self.frame}"


Marked = Any
"""An object (an empty), a pose bone, or a place in the world: three numbers."""


def read_goals(
    armature: Any, rig_map: RigMap, wanted: Iterable[tuple[str, int, Marked]], scene: Any
) -> tuple[JointGoal, ...]:
    """Goals from (joint or its bone, scene frame, what marks the place), which may move: it is taken at that frame."""
    joints = {bone: joint for joint, bone in rig_map.bones.items()}
    result: list[JointGoal] = []
    with read.stepping(scene) as step:
        for name, frame, marked in wanted:
            joint = joints.get(name, name)
            if joint not in INDEX:
                raise MotionError(f"“{name}” is no joint of the model and no bone that plays one: {_some(joints)}.")
            if int(frame) != frame:
                raise MotionError(f"The target of {joint} is at frame {frame:g}: give a whole frame.")
            if isinstance(marked, (bpy.types.Object, bpy.types.PoseBone)):
                step(float(frame))
            place, called = _place(marked, joint)
            result.append(JointGoal(joint, int(frame), place, called))
    twice = [it for k, it in enumerate(result) if any((o.joint, o.frame) == (it.joint, it.frame) for o in result[:k])]
    if twice:
        raise MotionError(f"The {twice[0].label} has two targets: leave one.")
    rest = read_rest(read_rig(armature), rig_map)
    for goal in result:
        if goal.joint not in rig_map.bones and goal.joint not in rest.ends:
            raise MotionError(f"“{armature.name}” has no bone for the {goal.joint.replace('_', ' ')}.")
    return tuple(result)


def goals_from(values: Any) -> tuple[JointGoal, ...]:
    """The goals from what JSON made of them."""
    return tuple(
        JointGoal(it["joint"], it["frame"], (it["place"][0], it["place"][1], it["place"][2]), it["name"])
        for it in values or ()
    )


def _some(joints: dict[str, str]) -> str:
    return "use " + ", ".join(joint for joint in JOINT_NAMES if joint in joints.values())


def _place(marked: Marked, joint: str) -> tuple[tuple[float, float, float], str]:
    if isinstance(marked, bpy.types.Object):
        playing: Any = marked.evaluated_get(bpy.context.evaluated_depsgraph_get())
        place, name = playing.matrix_world.translation, marked.name
    elif isinstance(marked, bpy.types.PoseBone):
        owner: Any = marked.id_data
        playing = owner.evaluated_get(bpy.context.evaluated_depsgraph_get())
        place = playing.matrix_world @ playing.pose.bones[marked.name].head
        name = f"{owner.name}: {marked.name}"
    else:
        try:
            x, y, z = (float(number) for number in marked)
        except (TypeError, ValueError):
            raise MotionError(
                f"The target of {joint} must be an object, a pose bone, or a place of three numbers."
            ) from None
        place, name = (x, y, z), ""
    x, y, z = (float(number) for number in place)
    if not np.isfinite([x, y, z]).all():
        raise MotionError(f"The target of {joint} is at a place that is no number: move it.")
    return (x, y, z), name


def joint_of(rest: RigRest, joint: str) -> tuple[str, Array]:
    """(bone, place in its axes) of what is the joint on the rig; KeyError where nothing is."""
    if joint in rest.ends:
        bone, tail = rest.ends[joint]
        return bone, np.asarray(tail, dtype=np.float64)
    return rest.bones[joint], np.zeros(3)


def places(
    armature: Any, rest: RigRest, joints: Sequence[str], frames: Sequence[int], scene: Any
) -> tuple[Array, Array]:
    """World places [F, J, 3] of the rig's joints as Blender evaluates them, and the object's matrices [F, 4, 4]."""
    found = np.zeros((len(frames), len(joints), 3))
    worlds = np.zeros((len(frames), 4, 4))
    owners = [joint_of(rest, joint) for joint in joints]
    with read.stepping(scene) as step:
        for row, frame in enumerate(frames):
            step(float(frame))
            playing = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
            worlds[row] = np.array(playing.matrix_world)
            for column, (bone, inside) in enumerate(owners):
                pose = worlds[row] @ np.array(playing.pose.bones[bone].matrix)
                found[row, column] = (pose @ np.append(inside, 1.0))[:3]
    return found, worlds


def targets_of(
    armature: Any, stretch: Stretch, goals: Sequence[JointGoal], first: int, last: int, scene: Any
) -> tuple[Target, ...]:
    """The goals as the model is told of them, in the motion of the stretch.

    The model's limbs are not as long as the rig's: a hand is asked for where the model's arm must reach so that the
    rig's, with the same directions, comes to the goal. MotionError for frames outside first..last.
    """
    if not goals:
        return ()
    for goal in goals:
        if not first <= goal.frame <= last:
            raise MotionError(
                f"The target of the {goal.label} is not within frames {first} to {last}: move it, or leave it out."
            )
    rest, space = read_rest(stretch.rig, stretch.rig_map), space_of(stretch.rig, stretch.rig_map, stretch.root_motion)
    result: list[Target] = []
    for goal in goals:
        chain = _chain(goal.joint, rest)
        world, _ = places(armature, rest, chain, [goal.frame], scene)
        row = goal.frame - stretch.first
        theirs = stretch.motion.positions[row].astype(np.float64)
        place = told(goal, chain, space.to_motion(world[0]), theirs, space)
        result.append(Target(goal.joint, row, (float(place[0]), float(place[1]), float(place[2]))))
    return tuple(result)


def _chain(joint: str, rest: RigRest) -> list[str]:
    """Joints from the one that a limb reaches from to `joint`; `joint` alone where it is on no limb."""
    side, _, part = joint.partition("_")
    chain = [f"{side}_{it}" for it in LIMBS.get(part, ())]
    known = all(it in rest.bones or it in rest.ends for it in chain)
    return [*chain, joint] if chain and known and joint not in chain else chain if chain and known else [joint]


def told(goal: JointGoal, chain: Sequence[str], rig: Array, model: Array, space: Space) -> Array:
    """Where the model's joint shall be, [3]: rig [C, 3] are the rig's joints of the chain, model [22, 3] the model's
    present ones, both in the motion's space."""
    wanted = space.to_motion(np.array(goal.place))
    anchor = chain[0]
    offset = model[INDEX[anchor]] - rig[0]
    if len(chain) == 1:
        return wanted + offset
    limb = [it for it in chain[1:] if not it.endswith("_foot")]
    theirs = float(np.linalg.norm(np.diff(rig[: len(limb) + 1], axis=0), axis=-1).sum())
    ours = float(sum(BONE_LENGTHS[INDEX[it]] for it in limb))
    reach = wanted - rig[0]
    far = float(np.linalg.norm(reach))
    if theirs < 1e-6 or far < 1e-6:
        return wanted + offset
    return wanted + offset + (ours / theirs - 1) * min(far, theirs) * reach / far
