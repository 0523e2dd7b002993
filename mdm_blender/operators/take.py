"""Stepping through the takes of a generation, and keeping one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .. import scene, takes
from .base import MotionOperator


class TakeOperator(MotionOperator):
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = scene.active_armature(context)
        if armature is None or (takes.position(armature) or (1, 1))[1] < 2:
            cls.poll_message_set("The active armature has no takes to choose from")
            return False
        return True


class MDM_OT_step_take(TakeOperator):
    """Show another take of this motion on the armature"""

    bl_idname = "mdm.step_take"
    bl_label = "Other Take"

    if TYPE_CHECKING:
        direction: int
    else:
        direction: bpy.props.IntProperty(name="Direction", default=1, min=-1, max=1)

    def run(self, context: Any) -> None:
        takes.step(scene.needed_armature(context), self.direction)


class MDM_OT_keep_take(TakeOperator):
    """Keep the take that the armature shows and delete the others of the same generation"""

    bl_idname = "mdm.keep_take"
    bl_label = "Keep This Take"

    def run(self, context: Any) -> None:
        count = takes.keep_played(scene.needed_armature(context))
        self.report({"INFO"}, f"{count} other takes were deleted.")


CLASSES: tuple[type, ...] = (MDM_OT_step_take, MDM_OT_keep_take)
