"""Seams of what an action plays already, evened in its own curves: after a loop was closed, or a joint brought to its
goal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..apply import CONTACTS
from ..keys import read
from ..keys.channels import rotation_property
from ..retarget import PoseSamples
from ..retarget.ik_follow import fk_poses, fk_samples
from ..retarget.tracks import PoseTracks
from . import contacts
from .chosen import OBJECT, with_limbs
from .freedoms import joints_of
from .limbs import following
from .meet import changed_values
from .plan import Plan
from .seams import ROUNDED, Seams, eased, seam_frames
from .splice import lay

Mask = NDArray[np.bool_]
Array = NDArray[np.floating]
PASSES = 4
"""Times that limbs in IK are seen to: what the rig's solver does is not computed, only looked at afterwards."""


@dataclass(frozen=True)
class Borders:
    """frames: whole scene frames [T], one after the other. fixed, pinned: as of `Seams`."""

    frames: NDArray[np.int_]
    fixed: Mask
    pinned: Mask | None = None


def even(armature: Any, plan: Plan, borders: Borders) -> None:
    """Changes the assigned action, the plan's bones in frames that are neither fixed nor pinned, so that no joint jumps
    more at seams than is usual. Limbs in IK are evened as their FK bones would play them; their controls follow these,
    and where Blender then shows limbs that do not, once more.
    """
    for _ in range(PASSES if plan.limbs else 1):
        if not _evened(armature, plan, borders) or not plan.limbs or _is_even(armature, plan, borders):
            break


def _is_even(armature: Any, plan: Plan, borders: Borders) -> bool:
    """Whether the joints of limbs in IK jump no more at seams, as Blender evaluates them, than is usual."""
    at = 1 + np.flatnonzero(seam_frames(borders.fixed)[1:-1])
    seen = np.unique(at[:, None] + [-1, 0, 1])
    shown = read.poses(armature, sorted({it for limb in plan.limbs for it in limb.played}), borders.frames[seen])
    heads = np.array([poses[:, :3, 3] for poses in shown.values()])
    middle = np.searchsorted(seen, at)
    jumps = np.linalg.norm(heads[:, middle - 1] - 2 * heads[:, middle] + heads[:, middle + 1], axis=-1)
    size = float(np.cbrt(np.abs(np.linalg.det(plan.stretch.rig.world[:3, :3]))))
    return size * float(jumps.max(initial=0.0)) <= ROUNDED * plan.stretch.usual


def _evened(armature: Any, plan: Plan, borders: Borders) -> bool:
    """One pass of `even`; whether it changed anything."""
    stretch, frames = plan.stretch, borders.frames
    joints = joints_of(stretch.rig, stretch.rig_map)
    samples = _samples(armature, plan, frames)
    keyed = [
        it for it in read.animated(armature) if any(len(curve.keyframe_points) > 1 for curve in it.curves.values())
    ]
    in_ik = {bone for limb in plan.limbs for bone in limb.fk_bones} & joints.used
    own = [it for it in keyed if it.bone in plan.bones - {OBJECT} and it.bone in joints.used]
    moving = {it.bone for it in own if it.property == "location"}
    modes = {it.bone: armature.pose.bones[it.bone].rotation_mode for it in own}
    turning = {it.bone for it in own if it.property == rotation_property(modes[it.bone])} | in_ik
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
        chosen=plan.bones | in_ik,
        held=read.held(armature, (turning - in_ik) | (turning & plan.bones), frames),
    )
    edited = eased(seams, samples)
    changed = {name: edited.rotations[name] for name in turning}
    shifted = {name: edited.locations[name] for name in moving}
    away = _differ(changed, samples.rotations, len(frames)) | _differ(shifted, samples.locations, len(frames))
    if away.any():
        first, last = np.flatnonzero(away)[[0, -1]]
        within = slice(first, last + 1)
        tracks = _written(plan, samples, PoseTracks(changed, shifted))
        values = changed_values(
            armature,
            frames[within],
            {name: track[within] for name, track in sorted(tracks.rotations.items())},
            {name: track[within] for name, track in sorted(tracks.locations.items())},
            away[within],
        )
        lay(compat.own_channels(armature), values, int(frames[first]), int(frames[last]), (False, False))
    return bool(away.any())


def _samples(armature: Any, plan: Plan, frames: NDArray[np.int_]) -> PoseSamples:
    """What the curves play, and of limbs in IK the FK values that would make the pose that Blender evaluates."""
    if not plan.limbs:
        return read.sample(armature, frames)
    rig, limbs = plan.stretch.rig, plan.limbs
    samples = read.sample(armature, frames, with_limbs(rig, plan.stretch.rig_map, limbs))
    poses = read.poses(armature, sorted({it for limb in limbs for it in limb.played}), frames)
    return fk_samples(rig, samples, limbs, fk_poses(rig, limbs, poses))


def _differ(new: Mapping[str, Array], old: Mapping[str, Array], count: int) -> Mask:
    """The frames [T] at which any of the tracks is another."""
    away = np.zeros(count, dtype=bool)
    for name, track in new.items():
        away |= (track != old[name]).any(axis=1)
    return away


def _written(plan: Plan, samples: PoseSamples, tracks: PoseTracks) -> PoseTracks:
    """The tracks of bones that get keys: not of the FK bones of limbs in IK, but of these limbs' controls."""
    if not plan.limbs:
        return tracks
    controls = following(plan, samples, tracks)

    def own(found: Mapping[str, Array]) -> dict[str, Array]:
        return {name: track for name, track in found.items() if name in plan.bones}

    return PoseTracks(
        {**own(tracks.rotations), **own(controls.rotations)}, {**own(tracks.locations), **own(controls.locations)}
    )
