"""A finished Motion onto an armature: the one road from the model's result to keys, for operators and scripts alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from mdm_core.motion import Motion

from . import keys, retarget, rig
from .retarget.resample import at_frames, flags_at, scene_frames


def apply_motion(
    armature: Any,
    motion: Motion,
    *,
    frame_start: float,
    action_name: str,
    rig_map: rig.RigMap | None = None,
    scene: Any = None,
    relax_hands: bool = False,
) -> Any:
    """Puts the motion on the armature object as a new action from frame_start on, and returns the action.

    Keys lie on whole frames of the scene's own rate (`fps / fps_base`, of `scene` or else the context's), and the
    motion is sampled exactly where they fall.
    The scene, the mode, the selection and the current frame stay as they are. rig_map: what `rig.detect` gave,
    if it was edited; detected here otherwise. Raises MotionError, with nothing changed, for a rig without hip
    and legs.
    """
    if scene is None:
        import bpy

        scene = bpy.context.scene
    snapshot = rig.read(armature)
    found = rig_map or rig.detect(snapshot)
    rate = scene.render.fps / scene.render.fps_base
    frames = scene_frames(len(motion), motion.fps, frame_start, rate)
    at = (frames - frame_start) * (motion.fps / rate)
    contacts = None if motion.contacts is None else flags_at(np.asarray(motion.contacts, dtype=np.bool_), at)
    tracks = retarget.to_rig(
        snapshot, found, at_frames(motion.positions, at), contacts, fps=rate, relax_hands=relax_hands
    )
    properties = {"mdm_prompt": motion.prompt, "mdm_model": motion.model}
    if motion.seed is not None:
        # A 32-bit seed does not fit the integer of a custom property.
        properties["mdm_seed"] = str(motion.seed)
    return keys.write(armature, tracks, frames, action_name=action_name, properties=properties)
