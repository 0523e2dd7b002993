"""Generate and cancel, and the operator by which a finished job becomes one undo step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from mdm_core.generator import Request

from .. import jobs, takes
from ..apply import check
from ..editing.rows import way_of
from ..editing.timeline import along, job_of
from ..properties import MAX_SEED, MDM_PG_settings
from .base import JobOperator, MotionOperator, chosen_seed, free_armature


class MDM_OT_generate(JobOperator):
    """Make a motion from the prompt and put it on the active armature from the current frame on"""

    bl_idname = "mdm.generate"
    bl_label = "Generate Motion"

    if TYPE_CHECKING:
        prompt: str
        seconds: float
        seed: int
        takes: int
    else:
        prompt: bpy.props.StringProperty(name="Prompt", description="What the character does", options={"SKIP_SAVE"})
        seconds: bpy.props.FloatProperty(name="Seconds", default=6.0, options={"SKIP_SAVE"})
        seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED, options={"SKIP_SAVE"})
        takes: bpy.props.IntProperty(name="Takes", default=1, options={"SKIP_SAVE"})

    def run(self, context: Any) -> None:
        """Options that are not given come from the scene's settings. In background mode it returns when all is done."""
        armature, shown = free_armature(context), context.scene
        options, request = shown.mdm.apply_options(), self._request(shown.mdm)
        check(armature, options)
        start, way = float(shown.frame_current), way_of(shown.mdm)
        if way is not None:
            one = along(
                request.prompts[0], request.seconds or 0.0, start, shown.render.fps / shown.render.fps_base, way
            )
            jobs.run(*job_of(armature, replace(one, seed=request.seed, takes=request.takes, options=options), shown))
            return
        jobs.run(request, jobs.Target(shown.session_uid, armature.session_uid, armature.name, start, options))

    def _request(self, settings: MDM_PG_settings) -> Request:
        chosen = {name: getattr(settings, name) for name in ("prompt", "seconds", "takes")}
        chosen["seed"] = chosen_seed(settings)
        chosen |= {name: getattr(self, name) for name in chosen if self.properties.is_property_set(name)}
        return Request((chosen["prompt"],), seconds=chosen["seconds"], seed=chosen["seed"], takes=chosen["takes"])


class MDM_OT_cancel(MotionOperator):
    """Stop generating; nothing is changed"""

    bl_idname = "mdm.cancel"
    bl_label = "Cancel Generation"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return jobs.controller.busy

    def run(self, context: Any) -> None:
        jobs.controller.cancel()


class MDM_OT_apply_result(MotionOperator):
    """Write the motion that was generated to its armature"""

    bl_idname = "mdm.apply_result"
    bl_label = "Generate Motion"
    bl_options = {"UNDO", "INTERNAL"}

    def run(self, context: Any) -> None:
        actions = jobs.controller.apply(context)
        for note in takes.notes(actions[0]):
            self.report({"WARNING"}, note)


CLASSES: tuple[type, ...] = (MDM_OT_generate, MDM_OT_cancel, MDM_OT_apply_result)
