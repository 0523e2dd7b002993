"""The "Edit" sub-panel: what of the action may change, when, and how."""

from __future__ import annotations

from typing import Any

import bpy

from .. import jobs, scene, takes
from ..editing.job import can_repeat
from ..editing.settings import MDM_PG_editing

PART_ROWS = (("head", "torso", "root"), ("left_arm", "right_arm"), ("left_leg", "right_leg"))
"""Of the part toggles: as a body, from top to bottom."""


class MDM_PT_editing(bpy.types.Panel):
    bl_idname = "MDM_PT_editing"
    bl_parent_id = "MDM_PT_main"
    bl_label = "Edit"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_order = 5

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = scene.active_armature(context)
        return armature is not None and takes.assigned(armature) is not None

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.enabled = not jobs.controller.busy
        settings = context.scene.mdm_edit
        layout.prop(settings, "prompt", text="", placeholder="What happens in these frames?")
        draw_range(layout, settings)
        draw_scope(layout, settings)
        draw_edits(layout, settings, can_repeat(scene.active_armature(context)))


def draw_range(layout: Any, settings: MDM_PG_editing) -> None:
    row = layout.row(align=True)
    row.prop(settings, "first")
    row.prop(settings, "last")
    row.operator("mdm.edit_range", text="", icon="PREVIEW_RANGE")


def draw_scope(layout: Any, settings: MDM_PG_editing) -> None:
    layout.prop(settings, "scope", text="")
    if settings.scope == "parts":
        column = layout.column(align=True)
        for parts in PART_ROWS:
            row = column.row(align=True)
            for part in parts:
                row.prop_enum(settings, "parts", part)


def draw_edits(layout: Any, settings: MDM_PG_editing, repeatable: bool) -> None:
    column = layout.column(align=True)
    column.operator("mdm.regenerate", icon="FILE_REFRESH")
    column.prop(settings, "blend")
    row = layout.row(align=True)
    row.operator("mdm.inbetween", icon="IPO_EASE_IN_OUT")
    row.prop(settings, "marks", text="")
    row = layout.row(align=True)
    row.operator("mdm.vary", icon="MOD_NOISE")
    row.prop(settings, "vary", slider=True)
    column = layout.column(align=True)
    row = column.row(align=True)
    row.operator("mdm.extend", icon="FF")
    row.operator("mdm.lead_in", icon="REW")
    column.prop(settings, "seconds")
    row = layout.row(align=True)
    again = row.row(align=True)
    again.enabled = repeatable
    again.operator("mdm.edit_again", icon="LOOP_FORWARDS")
    row.prop(settings, "in_place")


CLASSES: tuple[type, ...] = (MDM_PT_editing,)
