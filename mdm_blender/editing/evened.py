"""Seams of what an action plays already, evened in its own curves: after a loop was closed, or a joint brought to its
goal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..apply import CONTACTS
from ..keys import read
from ..keys.targets import bone_target
from . import contacts
from .chosen import OBJECT
from .freedoms import Joints, joints_of
from .meet import changed_values
from .plan import Plan
from .seams import Seams, eased
from .splice import lay

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Borders:
    """frames: whole scene frames [T], one after the other. fixed, pinned: as of `Seams`."""

    frames: NDArray[np.int_]
    fixed: Mask
    pinned: Mask | None = None


def even(armature: Any, plan: Plan, borders: Borders) -> None:
    """Changes the assigned action, the plan's bones in frames that are neither fixed nor pinned, so that no joint jumps
    more at seams than is usual. Joints of limbs that play IK are not looked at."""
    stretch, frames = plan.stretch, borders.frames
    joints = _without(joints_of(stretch.rig, stretch.rig_map), {it for limb in plan.limbs for it in limb.fk_bones})
    samples = read.sample(armature, frames)
    keyed = [
        it for it in read.animated(armature) if any(len(curve.keyframe_points) > 1 for curve in it.curves.values())
    ]
    own = [it for it in keyed if it.bone in plan.bones - {OBJECT} and it.bone in joints.used]
    moving = {it.bone for it in own if it.property == "location"}
    turning = {it.bone for it in own if it.property == _rotation(armature, it.bone)}
    known = json.loads(armature.animation_data.action.get(CONTACTS, "null"))
    standing = np.zeros((len(frames), 4), dtype=bool) if known is None else contacts.standing(known, frames)
    seams = Seams(
        joints=joints,
        rig_map=stretch.rig_map,
        samples=samples,
        fixed=borders.fixed,
        bound=stretch.usual,
        turning=frozenset(turning),
        moving=frozenset(moving),
        fps=stretch.motion.fps,
        standing=standing,
        pinned=borders.pinned,
    )
    edited = eased(seams, samples)
    changed = {name for name in turning if edited.rotations[name] is not samples.rotations[name]}
    shifted = {name for name in moving if edited.locations[name] is not samples.locations[name]}
    away = np.zeros(len(frames), dtype=bool)
    for names, new, old in (
        (changed, edited.rotations, samples.rotations),
        (shifted, edited.locations, samples.locations),
    ):
        for name in names:
            away |= (new[name] != old[name]).any(axis=1)
    if away.any():
        first, last = np.flatnonzero(away)[[0, -1]]
        within = slice(first, last + 1)
        values = changed_values(
            armature,
            frames[within],
            {name: edited.rotations[name][within] for name in sorted(changed)},
            {name: edited.locations[name][within] for name in sorted(shifted)},
            away[within],
        )
        lay(compat.own_channels(armature), values, int(frames[first]), int(frames[last]), (False, False))


def _rotation(armature: Any, bone: str) -> str:
    return read.rotation_property(bone_target(armature, bone).rotation_mode)


def _without(joints: Joints, bones: set[str]) -> Joints:
    return joints.only([bone not in bones for bone, _ in joints.points]) if bones else joints
