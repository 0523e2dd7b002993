"""The "MDM" tab of the 3D View's sidebar."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

from .. import detection, jobs, scene, takes
from ..generation import Failure, Generation
from ..jobs import State
from ..properties import MDM_PG_settings

STAGES = {"starting": "Starting…", "loading": "Loading the model…"}
MARGIN_PIXELS, LETTER_PIXELS = 60, 6.5
"""Of a sidebar at interface scale 1: what frames and icons take of its width, and a letter of the default font."""


class MDM_PT_main(bpy.types.Panel):
    bl_idname = "MDM_PT_main"
    bl_label = "Text to Motion"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        letters = line_length(context)
        armature = scene.active_armature(context)
        draw_armature(layout, armature, letters)
        draw_settings(layout, context.scene.mdm)
        draw_job(layout, jobs.controller)
        if jobs.controller.failure is not None:
            draw_failure(layout, jobs.controller.failure, letters)
        if armature is not None:
            draw_takes(layout, armature, letters)


class MDM_PT_output(bpy.types.Panel):
    """How the motion is put on the rig and where its keys go; closed until someone wants it."""

    bl_idname = "MDM_PT_output"
    bl_parent_id = "MDM_PT_main"
    bl_label = "Output"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 10

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.mdm
        layout.prop(settings, "destination")
        layout.prop(settings, "root_motion")
        layout.prop(settings, "controls")
        column = layout.column(heading="Body")
        column.prop(settings, "use_foot_lock")
        column.prop(settings, "use_relaxed_hands")


def draw_armature(layout: Any, armature: Any, letters: int) -> None:
    """Which armature gets the motion, and what was recognised in it."""
    column = layout.column(align=True)
    if armature is None:
        column.label(text="Select an armature", icon="INFO")
        return
    column.label(text=armature.name, icon="ARMATURE_DATA")
    found = detection.lookup(armature)
    if found is None:
        column.label(text="Looking at its bones…", icon="BLANK1")
    elif found.rig_map is None:
        draw_text(column, found.problem, letters, icon="ERROR")
    else:
        bones = f"{found.rig_map.family}, {len(found.rig_map.bones)} bones"
        column.label(text=bones, icon="BLANK1")
        if found.warning:
            draw_text(column, found.warning, letters, icon="ERROR")
        for problem in found.rig_map.problems:
            draw_text(column, problem, letters, icon="INFO")


def draw_settings(layout: Any, settings: MDM_PG_settings) -> None:
    layout.prop(settings, "prompt", text="", placeholder="What does the character do?")
    column = layout.column(align=True)
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(settings, "seconds")
    column.prop(settings, "takes")
    row = column.row(align=True)
    seed = row.row(align=True)
    seed.active = not settings.use_random_seed
    seed.prop(settings, "seed")
    row.prop(settings, "use_random_seed", text="", icon="FILE_REFRESH")
    column.prop(settings, "path", icon="CURVE_DATA")
    if settings.path is not None:
        column.prop(settings, "facing")


def draw_job(layout: Any, controller: jobs.Controller) -> None:
    """The button that starts; while it runs, how far it is and the button that stops."""
    if controller.generation is None:
        row = layout.row()
        row.scale_y = 1.5
        row.operator("mdm.generate", text="Generate", icon="PLAY")
        return
    column = layout.column(align=True)
    column.progress(factor=controller.generation.fraction, text=progress_text(controller))
    column.operator("mdm.cancel", text="Cancel", icon="CANCEL")


def progress_text(controller: jobs.Controller) -> str:
    generation = controller.generation
    if generation is None:
        return ""
    if controller.state is State.HOLDING:
        return f"Ready: {controller.hold_reason}"
    return STAGES.get(generation.stage) or step_text(generation)


def step_text(generation: Generation) -> str:
    return f"Step {generation.step} of {generation.steps}"


def draw_failure(layout: Any, failure: Failure, letters: int) -> None:
    box = layout.box().column(align=True)
    text = box.column(align=True)
    text.alert = True
    draw_text(text, failure.message, letters, icon="ERROR")
    row = box.row(align=True)
    row.operator("mdm.copy_failure", icon="COPYDOWN")
    row.operator("mdm.dismiss_failure", icon="X")


def draw_takes(layout: Any, armature: Any, letters: int) -> None:
    """Where the armature plays a take: what could not be done, the way to the other takes, and baking."""
    action = takes.played(armature)
    if action is None:
        return
    column = layout.column(align=True)
    for note in takes.notes(action):
        draw_text(column, note, letters, icon="INFO")
    position = takes.position(armature)
    if position is not None and position[1] > 1:
        draw_steps(column, position)
    column.operator("mdm.bake", icon="ACTION_TWEAK")


def draw_steps(layout: Any, position: tuple[int, int]) -> None:
    row = layout.row(align=True)
    row.operator("mdm.step_take", text="", icon="TRIA_LEFT").direction = -1
    label = row.row(align=True)
    label.alignment = "CENTER"
    label.label(text=f"Take {position[0]} of {position[1]}")
    row.operator("mdm.step_take", text="", icon="TRIA_RIGHT").direction = 1
    row.operator("mdm.keep_take", text="", icon="CHECKMARK")


def draw_text(layout: Any, text: str, letters: int, *, icon: str) -> None:
    """A sentence in as many lines as the sidebar's width needs; Blender's labels don't wrap."""
    for index, line in enumerate(textwrap.wrap(text, letters)):
        layout.label(text=line, icon="BLANK1" if index else icon)


def line_length(context: Any) -> int:
    """About how many letters of a label fit into the region."""
    pixels = context.region.width / context.preferences.system.ui_scale
    return max(12, int((pixels - MARGIN_PIXELS) / LETTER_PIXELS))


CLASSES: tuple[type, ...] = (MDM_PT_main, MDM_PT_output)
