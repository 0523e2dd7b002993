"""Edits of the active armature's action: regenerate, in-between, vary, extend, lead in, and the last once more."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.skeleton import PARTS

from .. import jobs, rig, scene
from ..editing.goals import read_goals
from ..editing.job import again_of, can_repeat, edit_of
from ..editing.plan import SHORTEST, Ask, Kind
from ..editing.rows import targets_in, way_of
from ..editing.settings import MDM_PG_editing
from ..editing.stretch import key_span
from ..properties import MAX_SEED
from .base import JobOperator, MotionOperator, chosen_seed, free_armature


def marked_frames(shown: Any, frames: tuple[int, int] | None) -> tuple[int, ...]:
    """Frames of the scene's timeline markers within the range; MotionError where there is none."""
    first, last = frames or (shown.frame_start, shown.frame_end)
    found = {marker.frame for marker in shown.timeline_markers if first <= marker.frame <= last}
    if not found:
        raise MotionError(
            f"No timeline markers lie in frames {first} to {last}: set them on the poses that are to stay."
        )
    return tuple(sorted(found))


def timeline_range(shown: Any) -> tuple[int, int]:
    """First and last frame that are chosen in the timeline: between selected markers, of the preview, of the scene."""
    marked = [marker.frame for marker in shown.timeline_markers if marker.select]
    if len(marked) > 1:
        return min(marked), max(marked)
    if shown.use_preview_range:
        return shown.frame_preview_start, shown.frame_preview_end
    return shown.frame_start, shown.frame_end


class EditOperator(JobOperator):
    """Options that are not given come from the Edit panel, seed and number of takes from the main one."""

    kind: Kind = "regenerate"
    varied = False
    if TYPE_CHECKING:
        prompt: str
        seed: int
    else:
        prompt: bpy.props.StringProperty(name="Prompt", description="What happens", options={"SKIP_SAVE"})
        seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED, options={"SKIP_SAVE"})

    def run(self, context: Any) -> None:
        armature = free_armature(context)
        settings: MDM_PG_editing = context.scene.mdm_edit
        ask = self.given(settings.ask(self.kind, armature, varied=self.varied))
        if settings.scope == "bones" and not self.whole and not (ask.bones or ask.parts):
            raise MotionError("No bones are selected: select those that may change in Pose Mode, or choose body parts.")
        if settings.scope == "parts" and not self.whole and not (ask.bones or ask.parts):
            raise MotionError("No body parts are chosen: switch on those that may change.")
        if self.kind == "inbetween" and settings.marks == "markers":
            ask = replace(ask, keys=marked_frames(context.scene, ask.frames))
        ask = self.constrained(ask, armature, context.scene)
        jobs.run(
            *edit_of(armature, replace(ask, seed=self.seed_of(context), takes=context.scene.mdm.takes), context.scene)
        )

    @property
    def whole(self) -> bool:
        """Whether the edit is always of the whole body."""
        return self.kind in ("extend", "lead_in", "loop")

    def constrained(self, ask: Ask, armature: Any, shown: Any) -> Ask:
        """The wish with the panel's path and targets, for edits that take them."""
        del armature, shown
        return ask

    def given(self, ask: Ask) -> Ask:
        """The panel's wish with what was given to the operator."""
        return replace(ask, prompt=self.prompt) if self.properties.is_property_set("prompt") else ask

    def seed_of(self, context: Any) -> int:
        if self.properties.is_property_set("seed"):
            return self.seed
        return chosen_seed(context.scene.mdm)


class RangeOperator(EditOperator):
    if TYPE_CHECKING:
        first: int
        last: int
        parts: str
        bones: str
    else:
        first: bpy.props.IntProperty(name="First", description="First frame that may change", options={"SKIP_SAVE"})
        last: bpy.props.IntProperty(name="Last", description="Last frame that may change", options={"SKIP_SAVE"})
        parts: bpy.props.StringProperty(
            name="Parts", description=f"Names with commas between: {', '.join(PARTS)}", options={"SKIP_SAVE"}
        )
        bones: bpy.props.StringProperty(name="Bones", description="Names of bones, one a line", options={"SKIP_SAVE"})

    def constrained(self, ask: Ask, armature: Any, shown: Any) -> Ask:
        settings: MDM_PG_editing = shown.mdm_edit
        wanted = targets_in(settings.targets, MotionError)
        goals = read_goals(armature, rig.detect(armature), wanted, shown) if wanted else ()
        return replace(ask, targets=goals, path=way_of(settings))

    def given(self, ask: Ask) -> Ask:
        ask = super().given(ask)
        first, last = ask.frames or (0, 0)
        if self.properties.is_property_set("first"):
            first = self.first
        if self.properties.is_property_set("last"):
            last = self.last
        ask = replace(ask, frames=(first, last))
        if self.properties.is_property_set("parts"):
            ask = replace(ask, bones=(), parts=tuple(it.strip() for it in self.parts.split(",") if it.strip()))
        if self.properties.is_property_set("bones"):
            ask = replace(ask, parts=(), bones=tuple(it for it in self.bones.splitlines() if it))
        return ask


class MDM_OT_regenerate(RangeOperator):
    """Make the chosen bones anew in the range of frames; everything else stays as it is"""

    bl_idname = "mdm.regenerate"
    bl_label = "Regenerate"


class MDM_OT_vary(RangeOperator):
    """Go a little away from the motion that is there, in the range of frames"""

    bl_idname = "mdm.vary"
    bl_label = "Vary"
    varied = True


class MDM_OT_inbetween(RangeOperator):
    """Fill the range between the poses that stay: your own keys, or the timeline markers"""

    bl_idname = "mdm.inbetween"
    bl_label = "In-between"
    kind = "inbetween"


class MDM_OT_extend(EditOperator):
    """Go on after the last key"""

    bl_idname = "mdm.extend"
    bl_label = "Extend"
    kind = "extend"


class MDM_OT_lead_in(EditOperator):
    """Add what comes before the first key, and leads into it"""

    bl_idname = "mdm.lead_in"
    bl_label = "Lead In"
    kind = "lead_in"


class MDM_OT_edit_again(EditOperator):
    """Make the last edit once more with another seed; the result is another take of it"""

    bl_idname = "mdm.edit_again"
    bl_label = "Again"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not super().poll(context):
            return False
        if not can_repeat(scene.active_armature(context)):
            cls.poll_message_set("The armature plays no edit that could be made again")
            return False
        return True

    def run(self, context: Any) -> None:
        armature = free_armature(context)
        given = self.properties.is_property_set("seed")
        seed = self.seed if given else random.SystemRandom().randint(0, MAX_SEED)
        jobs.run(*again_of(armature, seed, context.scene))


class MDM_OT_edit_range(MotionOperator):
    """Take the range from the selected markers, else the preview range or the scene's, as far as there are keys"""

    bl_idname = "mdm.edit_range"
    bl_label = "From Timeline"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> None:
        armature, shown = scene.needed_armature(context), context.scene
        action = armature.animation_data.action if armature.animation_data else None
        if action is None:
            raise MotionError(f"“{armature.name}” has no action: assign one, or generate a motion first.")
        span = key_span(armature, action)
        first, last = timeline_range(shown)
        first, last = max(first, math.ceil(span[0] - 1e-3)), min(last, math.floor(span[1] + 1e-3))
        if last - first + 1 < SHORTEST:
            raise MotionError("The timeline's range has no keys of the action; move the range first.")
        shown.mdm_edit.first, shown.mdm_edit.last = first, last


CLASSES: tuple[type, ...] = (
    MDM_OT_regenerate,
    MDM_OT_vary,
    MDM_OT_inbetween,
    MDM_OT_extend,
    MDM_OT_lead_in,
    MDM_OT_edit_again,
    MDM_OT_edit_range,
)
