"""Finding what a motion is for: the armature a user means, data-blocks by session id, windows that show a scene."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import bpy

from mdm_core.errors import MotionError

UNINTERRUPTIBLE = ("TRANSFORM_OT_", "POSE_OT_", "ANIM_OT_", "GRAPH_OT_", "ACTION_OT_", "NLA_OT_")
"""Modal operators that hold on to animation data until they end."""


def active_armature(context: Any) -> Any:
    """The active object if it is an armature, or the armature that deforms it."""
    active = context.view_layer.objects.active
    if active is None or active.type == "ARMATURE":
        return active
    return active.find_armature()


def needed_armature(context: Any) -> Any:
    """The active armature; a `MotionError` where there is none."""
    armature = active_armature(context)
    if armature is None:
        raise MotionError("Select the armature that the motion is for, then generate again.")
    return armature


def armature(session_uid: int, name: str) -> Any:
    """The armature with this session id; a `MotionError` if it has gone."""
    found = next((it for it in bpy.data.objects if it.session_uid == session_uid and it.type == "ARMATURE"), None)
    if found is None:
        raise MotionError(f"The armature '{name}' was removed while its motion was made; nothing was changed.")
    return found


def why_not_now(armature_uid: int) -> str:
    """What the user is in the middle of that a new action would disturb; empty when nothing is."""
    for window in bpy.context.window_manager.windows:
        if any(it.bl_idname.startswith(UNINTERRUPTIBLE) for it in window.modal_operators):
            return "finish the running tool"
    if any(it.session_uid == armature_uid and it.mode == "EDIT" for it in bpy.data.objects):
        return "leave Edit Mode"
    return ""


@contextmanager
def shown(scene_uid: int) -> Generator[None]:
    """A context in which the scene with this session id is the current one; a `MotionError` if it has gone."""
    scene = next((it for it in bpy.data.scenes if it.session_uid == scene_uid), None)
    if scene is None:
        raise MotionError("The scene was removed while its motion was made; nothing was changed.")
    windows = bpy.context.window_manager.windows
    window = next((it for it in windows if it.scene == scene), windows[0] if windows else None)
    view_layer = window.view_layer if window is not None and window.scene == scene else scene.view_layers[0]
    with bpy.context.temp_override(window=window, scene=scene, view_layer=view_layer):
        yield


def redraw_panels() -> None:
    """Asks for a redraw of every 3D View's sidebar, and of nothing else."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
