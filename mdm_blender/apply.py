"""A finished Motion onto an armature: the one road from the model's result to keys, for operators and scripts alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from . import keys, retarget, rig
from .retarget.ik_controls import with_ik
from .retarget.resample import at_frames, flags_at, scene_frames

if TYPE_CHECKING:
    from .keys.targets import Destination
    from .retarget import RootMotion

Controls = Literal["fk", "fk_ik"]
CONTACTS = "mdm_contacts"
"""Custom property of an action: JSON, for each joint of `skeleton.FEET` the [first, last] frames that it stands."""


@dataclass(frozen=True)
class ApplyOptions:
    """How a motion is put on a rig; the panel's choices under Rig and Output.

    root_motion: what carries the body over the ground: "hips", the rig's "root" bone, the armature "object", or
        nothing ("in_place").
    foot_lock: feet that stand do not slide, whatever the legs' length.
    relax_hands: the fingers get a relaxed pose, where names or shape tell them.
    controls: "fk", or "fk_ik" to also match the IK controls of arms and legs, so that either can be animated on.
    destination: "new_action", "current_action" (only the written frames and channels change) or "nla" (a new strip).
    """

    root_motion: RootMotion = "hips"
    foot_lock: bool = True
    relax_hands: bool = True
    controls: Controls = "fk"
    destination: Destination = "new_action"


DEFAULTS = ApplyOptions()


def check(armature: Any, options: ApplyOptions, rig_map: rig.RigMap | None = None) -> rig.RigMap:
    """The armature's map, the given or the detected one; a MotionError where no motion can be put on it, and why.

    Changes nothing.
    """
    if options.controls not in get_args(Controls):
        raise MotionError(f"Controls are one of {', '.join(get_args(Controls))}, not “{options.controls}”.")
    found = rig_map or rig.detect(armature)
    keys.check(armature, options.destination)
    return found


def apply_motion(
    armature: Any,
    motion: Motion,
    *,
    frame_start: float,
    action_name: str,
    rig_map: rig.RigMap | None = None,
    scene: Any = None,
    options: ApplyOptions = DEFAULTS,
) -> Any:
    """Puts the motion on the armature object from frame_start on, and returns the action that holds its keys.

    Keys lie on whole frames of the scene's own rate (`fps / fps_base`, of `scene` or else the context's), and the
    motion is sampled exactly where they fall.
    The scene, the mode, the selection and the current frame stay as they are. rig_map: what `rig.detect` gave,
    if it was edited; detected here otherwise. Raises MotionError, with nothing changed, for a rig without hip
    and legs or one that cannot take keys.
    """
    if scene is None:
        import bpy

        scene = bpy.context.scene
    checked = check(armature, options, rig_map)
    snapshot = rig.read(armature)
    rate = scene.render.fps / scene.render.fps_base
    frames = scene_frames(len(motion), motion.fps, frame_start, rate)
    at = (frames - frame_start) * (motion.fps / rate)
    contacts = None if motion.contacts is None else flags_at(np.asarray(motion.contacts, dtype=np.bool_), at)
    tracks = retarget.to_rig(
        snapshot,
        checked,
        at_frames(motion.positions, at),
        contacts,
        fps=rate,
        root_motion=options.root_motion,
        foot_lock=options.foot_lock,
        relax_hands=options.relax_hands,
    )
    if options.controls == "fk_ik":
        tracks = with_ik(snapshot, checked, tracks)
    properties = {"mdm_prompt": motion.prompt, "mdm_model": motion.model}
    if motion.seed is not None:
        # A 32-bit seed does not fit the integer of a custom property.
        properties["mdm_seed"] = str(motion.seed)
    if contacts is not None:
        properties[CONTACTS] = json.dumps([_intervals(frames, standing) for standing in contacts.T])
    return keys.write(
        armature,
        tracks,
        frames,
        action_name=action_name,
        properties=properties,
        destination=options.destination,
        notes=[problem for problem in tracks.problems if problem not in checked.problems],
    )


def _intervals(frames: NDArray[np.floating], standing: NDArray[np.bool_]) -> list[list[float]]:
    """[first, last] frames [N] of each stretch in which standing [N] holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], standing, [False]]).astype(np.int8)))
    return [[float(frames[a]), float(frames[b - 1])] for a, b in zip(edges[::2], edges[1::2], strict=True)]
