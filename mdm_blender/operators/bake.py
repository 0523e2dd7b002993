"""Baking: a take becomes final keys, few and editable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .. import scene, takes
from ..keys.stretch import Tolerance
from .base import MotionOperator


class MDM_OT_bake(MotionOperator):
    """Make the keys of the take that is played your own: ordinary keys, as few as the motion allows"""

    bl_idname = "mdm.bake"
    bl_label = "Bake Take"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        use_reduction: bool
        degrees: float
        millimetres: float
        remove_takes: bool
        keep_history: bool
    else:
        use_reduction: bpy.props.BoolProperty(
            name="Fewer Keys", description="Replace a key on every frame by few Bézier keys", default=True
        )
        degrees: bpy.props.FloatProperty(
            name="Degrees",
            description="How far a bone's rotation may be off",
            default=0.5,
            min=0.01,
            soft_max=5.0,
        )
        millimetres: bpy.props.FloatProperty(
            name="Millimetres", description="How far a bone's place may be off", default=2.0, min=0.01, soft_max=50.0
        )
        remove_takes: bpy.props.BoolProperty(
            name="Delete Other Takes", description="Delete the other takes of this generation", default=False
        )
        keep_history: bpy.props.BoolProperty(
            name="Keep History",
            description="Keep prompt, seed and model as custom properties of the action",
            default=True,
        )

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = scene.active_armature(context)
        if armature is None or takes.played(armature) is None:
            cls.poll_message_set("The active armature plays no generated motion")
            return False
        return True

    def run(self, context: Any) -> None:
        tolerance = Tolerance(self.degrees, self.millimetres / 1000) if self.use_reduction else None
        _, counts = takes.bake(
            scene.needed_armature(context),
            tolerance,
            remove_takes=self.remove_takes,
            keep_history=self.keep_history,
        )
        self.report({"INFO"}, f"{counts.before} keys became {counts.after}.")


CLASSES: tuple[type, ...] = (MDM_OT_bake,)
