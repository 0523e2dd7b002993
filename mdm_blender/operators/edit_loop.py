"""Loops, and the rows of joint targets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from .. import compat, rig, scene
from ..editing.plan import Ask
from ..editing.rows import JOINT_ITEMS
from ..editing.settings import LOOPS
from .base import MotionOperator
from .edit import EditOperator


class MDM_OT_loop(EditOperator):
    """Make a copy of the action whose end leads back into its start, and which repeats for ever"""

    bl_idname = "mdm.loop"
    bl_label = "Make Loop"
    kind = "loop"

    if TYPE_CHECKING:
        mode: str
        first: int
        last: int
        remade: float
    else:
        mode: bpy.props.EnumProperty(name="Loop", items=LOOPS, options={"SKIP_SAVE"})
        first: bpy.props.IntProperty(name="First", description="First frame of the loop", options={"SKIP_SAVE"})
        last: bpy.props.IntProperty(name="Last", description="The first frame once more", options={"SKIP_SAVE"})
        remade: bpy.props.FloatProperty(name="Remade", description="Seconds at the end", options={"SKIP_SAVE"})

    def given(self, ask: Ask) -> Ask:
        ask, given = super().given(ask), self.properties.is_property_set
        if given("mode"):
            ask = replace(ask, loop="travel" if self.mode == "travel" else "in_place")
        if given("first") or given("last"):
            first, last = ask.frames or (self.first, self.last)
            ask = replace(ask, frames=(self.first if given("first") else first, self.last if given("last") else last))
        return replace(ask, seconds=self.remade) if given("remade") else ask


class MDM_OT_target_add(MotionOperator):
    """Add a target at the current frame: for the active bone's joint, at the selected object"""

    bl_idname = "mdm.target_add"
    bl_label = "Add Target"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def run(self, context: Any) -> None:
        settings = context.scene.mdm_edit
        joint = _active_joint(scene.needed_armature(context))
        row = settings.targets.add()
        row.frame = context.scene.frame_current
        if joint:
            row.joint = joint
        others = [it for it in context.view_layer.objects if it.select_get() and it.type == "EMPTY"]
        row.target = others[0] if len(others) == 1 else None
        settings.active_target = len(settings.targets) - 1


def _active_joint(armature: Any) -> str:
    """The joint that the active bone plays, if it is selected and the list has it; else empty."""
    bones, active = rig.detect(armature).bones, armature.data.bones.active
    if active is None or not compat.is_selected(armature.pose.bones[active.name]):
        return ""
    joint = next((joint for joint, bone in bones.items() if bone == active.name), "")
    return joint if joint in {it[0] for it in JOINT_ITEMS} else ""


class MDM_OT_target_remove(MotionOperator):
    """Remove the chosen target"""

    bl_idname = "mdm.target_remove"
    bl_label = "Remove Target"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return len(context.scene.mdm_edit.targets) > 0

    def run(self, context: Any) -> None:
        settings = context.scene.mdm_edit
        settings.targets.remove(settings.active_target)
        settings.active_target = min(settings.active_target, max(0, len(settings.targets) - 1))


CLASSES: tuple[type, ...] = (MDM_OT_loop, MDM_OT_target_add, MDM_OT_target_remove)
