"""What keys would be put on: bones and the armature object as `Target`s, and why an armature cannot take keys."""

from __future__ import annotations

from typing import Any, Literal, get_args

import bpy
import numpy as np

from mdm_core.errors import MotionError

from ..retarget.tracks import PoseTracks
from .channels import Target, rotation_property
from .locks import Locks

Destination = Literal["new_action", "current_action", "nla"]
"""A new action that is assigned, the assigned action (other frames and channels stay), or a new strip in the NLA."""

UNEVEN = 1e-3
"""How much the object's scales may differ, as a share of the largest."""


def check(armature: Any, destination: Destination = "new_action") -> None:
    """Raises MotionError, one sentence, where keys could not be written or would not be played. Changes nothing."""
    if destination not in get_args(Destination):
        raise MotionError(f"Keys go to one of {', '.join(get_args(Destination))}, not to “{destination}”.")
    name = armature.name
    if armature.library is not None:
        raise MotionError(f"“{name}” is linked from another file: make a library override of it first.")
    override = armature.override_library
    if override is not None and override.is_system_override:
        raise MotionError(f"The library override of “{name}” is locked: make it editable first.")
    _check_scale(armature)
    data = armature.animation_data
    if data is None:
        return
    if data.use_tweak_mode:
        raise MotionError(f"An NLA strip of “{name}” is being tweaked: leave tweak mode first.")
    if any(track.is_solo for track in data.nla_tracks):
        raise MotionError(f"A track in the NLA of “{name}” is on solo, so nothing else plays: turn solo off first.")
    if destination == "nla" and not data.use_nla:
        raise MotionError(f"The NLA of “{name}” is switched off, so a strip would not play: switch it on first.")
    if destination == "current_action" and data.action is not None and data.action.library is not None:
        raise MotionError(f"The action “{data.action.name}” is linked from another file: choose a new action instead.")


def _check_scale(armature: Any) -> None:
    # Of an object on its own the basis is up to date even before the depsgraph is.
    alone = armature.parent is None and not armature.constraints
    axes = np.array(armature.matrix_basis if alone else armature.matrix_world, dtype=np.float64)[:3, :3]
    sizes = np.linalg.svd(axes, compute_uv=False)
    name = armature.name
    if sizes[-1] <= 1e-9 * max(sizes[0], 1.0):
        raise MotionError(f"“{name}” is scaled to nothing: give the object a scale above zero first.")
    if np.linalg.det(axes) < 0:
        raise MotionError(
            f"“{name}” has a negative scale, so the motion would be mirrored: apply the object's scale first (Ctrl+A)."
        )
    if sizes[0] - sizes[-1] > UNEVEN * sizes[0]:
        shown = " × ".join(f"{size:.3g}" for size in np.linalg.norm(axes, axis=0))
        raise MotionError(
            f"“{name}” is scaled unevenly ({shown}), which would bend its limbs: apply the object's scale first "
            "(Ctrl+A)."
        )


def check_tracks(armature: Any, tracks: PoseTracks, frames: Any) -> None:
    """Raises MotionError where the tracks do not fit this armature, these frames or are not numbers."""
    name = armature.name
    wanted = (*tracks.rotations, *tracks.locations, *tracks.scales, *(switch.bone for switch in tracks.switches))
    missing = [bone for bone in wanted if bone not in armature.pose.bones]
    if missing:
        raise MotionError(f"“{name}” has no bone “{missing[0]}” any more: generate the motion again.")
    own = (tracks.object_location, tracks.object_rotation)
    posed = (tracks.rotations, tracks.locations, tracks.scales)
    values = (*(v for part in posed for v in part.values()), *(track for track in own if track is not None))
    if any(len(v) not in (1, len(frames)) for v in values) or len(frames) == 0:
        raise MotionError("The motion and its frames differ in length: generate the motion again.")
    if not all(np.isfinite(v).all() for v in (*values, frames)) or np.any(np.diff(frames) <= 0):
        raise MotionError("The motion holds values that are not numbers: generate it again.")


def quoted(name: str) -> str:
    return '"' + bpy.utils.escape_identifier(name) + '"'


def target_of(posed: Any, prefix: str) -> Target:
    """A pose bone or an object as what takes keys; Blender's locks are the same on both."""
    mode = posed.rotation_mode
    return Target(
        name=posed.name,
        prefix=prefix,
        lock_location=tuple(posed.lock_location),
        lock_scale=tuple(posed.lock_scale),
        locks=Locks(mode, tuple(posed.lock_rotation), posed.lock_rotation_w, posed.lock_rotations_4d),
        turned=tuple(getattr(posed, rotation_property(mode))),
    )


def bone_target(armature: Any, bone: str) -> Target:
    """A bone as what takes keys, or the armature object itself, which is ""."""
    if not bone:
        return target_of(armature, "")
    return target_of(armature.pose.bones[bone], f"pose.bones[{quoted(bone)}].")
