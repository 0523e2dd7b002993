"""Sub-panels of "Edit": the path and the targets that an edit goes by, and loops."""

from __future__ import annotations

from typing import Any

import bpy

from .. import jobs
from ..editing.rows import JOINT_ITEMS

LABELS = {joint: label for joint, label, _ in JOINT_ITEMS}


class MDM_UL_targets(bpy.types.UIList):
    bl_idname = "MDM_UL_targets"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None = 0,
        flt_flag: int | None = 0,
    ) -> None:
        row = layout.row(align=True)
        row.prop(item, "use", text="")
        split = row.split(factor=0.45)
        split.active = item.use
        split.label(text=LABELS[item.joint])
        rest = split.split(factor=0.3)
        rest.label(text=str(item.frame))
        rest.label(text=item.target.name if item.target is not None else "no target")


class MDM_PT_constraints(bpy.types.Panel):
    bl_idname = "MDM_PT_constraints"
    bl_parent_id = "MDM_PT_editing"
    bl_label = "Path and Targets"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.enabled = not jobs.controller.busy
        settings = context.scene.mdm_edit
        draw_path(layout, settings)
        draw_targets(layout, settings)


def draw_path(layout: Any, settings: Any) -> None:
    """The curve, and once there is one where the character looks."""
    column = layout.column(align=True)
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(settings, "path", icon="CURVE_DATA")
    if settings.path is not None:
        column.prop(settings, "facing")


def draw_targets(layout: Any, settings: Any) -> None:
    row = layout.row()
    row.template_list("MDM_UL_targets", "", settings, "targets", settings, "active_target", rows=3)
    side = row.column(align=True)
    side.operator("mdm.target_add", text="", icon="ADD")
    side.operator("mdm.target_remove", text="", icon="REMOVE")
    if not 0 <= settings.active_target < len(settings.targets):
        return
    item = settings.targets[settings.active_target]
    column = layout.column(align=True)
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(item, "joint")
    column.prop(item, "frame")
    column.prop(item, "target")
    if item.target is not None and item.target.type == "ARMATURE":
        column.prop_search(item, "bone", item.target.data, "bones")


class MDM_PT_loop(bpy.types.Panel):
    bl_idname = "MDM_PT_loop"
    bl_parent_id = "MDM_PT_editing"
    bl_label = "Loop"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.enabled = not jobs.controller.busy
        settings = context.scene.mdm_edit
        layout.prop(settings, "loop", expand=True)
        row = layout.row(align=True)
        row.prop(settings, "loop_seconds")
        row.prop(settings, "loop_range", toggle=True)
        layout.operator("mdm.loop", icon="CON_FOLLOWPATH")


CLASSES: tuple[type, ...] = (MDM_UL_targets, MDM_PT_constraints, MDM_PT_loop)
