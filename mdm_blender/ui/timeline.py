"""The "Prompt Timeline" sub-panel: several prompts, each in its frames, for one motion."""

from __future__ import annotations

from typing import Any

import bpy

from .. import jobs, scene


class MDM_UL_prompts(bpy.types.UIList):
    bl_idname = "MDM_UL_prompts"

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
        split = layout.split(factor=0.68)
        split.label(text=item.prompt or "left to the model")
        frames = split.row()
        frames.alignment = "RIGHT"
        frames.label(text=f"{item.first}–{item.last}")


class MDM_PT_timeline(bpy.types.Panel):
    bl_idname = "MDM_PT_timeline"
    bl_parent_id = "MDM_PT_main"
    bl_label = "Prompt Timeline"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    @classmethod
    def poll(cls, context: Any) -> bool:
        return scene.active_armature(context) is not None

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.enabled = not jobs.controller.busy
        draw_rows(layout, context.scene.mdm_timeline)
        layout.operator("mdm.timeline", icon="PLAY")


def draw_rows(layout: Any, timeline: Any) -> None:
    row = layout.row()
    shown = min(max(len(timeline.rows), 3), 8)
    row.template_list("MDM_UL_prompts", "", timeline, "rows", timeline, "active", rows=shown)
    side = row.column(align=True)
    side.operator("mdm.prompt_add", text="", icon="ADD")
    side.operator("mdm.prompt_remove", text="", icon="REMOVE")
    side.operator("mdm.prompts_sort", text="", icon="SORTTIME")
    side.operator("mdm.prompts_from_markers", text="", icon="MARKER_HLT")
    if 0 <= timeline.active < len(timeline.rows):
        item = timeline.rows[timeline.active]
        column = layout.column(align=True)
        column.prop(item, "prompt", text="", placeholder="What happens?")
        frames = column.row(align=True)
        frames.prop(item, "first")
        frames.prop(item, "last")


CLASSES: tuple[type, ...] = (MDM_UL_prompts, MDM_PT_timeline)
