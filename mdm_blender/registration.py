"""What the add-on adds to Blender: the one list of classes, the scene's settings, the handlers."""

from __future__ import annotations

from typing import Any

import bpy

from . import detection, jobs, operators, preferences, process, properties, ui
from .editing import rows
from .editing.settings import MDM_PG_editing
from .ui import mapping

CLASSES: tuple[type, ...] = (
    preferences.MDM_AP_preferences,
    properties.MDM_PG_settings,
    *rows.CLASSES,
    MDM_PG_editing,
    *operators.CLASSES,
    *ui.CLASSES,
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    scene_type: Any = bpy.types.Scene
    scene_type.mdm = bpy.props.PointerProperty(type=properties.MDM_PG_settings)
    scene_type.mdm_edit = bpy.props.PointerProperty(type=MDM_PG_editing)
    scene_type.mdm_timeline = bpy.props.PointerProperty(type=rows.MDM_PG_timeline)
    mapping.register()
    bpy.app.handlers.load_pre.append(jobs.drop_on_load)
    bpy.app.handlers.depsgraph_update_post.append(detection.forget_changed_armatures)


def unregister() -> None:
    """Also stops a running job and ends the worker."""
    bpy.app.handlers.depsgraph_update_post.remove(detection.forget_changed_armatures)
    bpy.app.handlers.load_pre.remove(jobs.drop_on_load)
    jobs.controller.reset()
    detection.reset()
    process.close()
    scene_type: Any = bpy.types.Scene
    del scene_type.mdm, scene_type.mdm_edit, scene_type.mdm_timeline
    mapping.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
