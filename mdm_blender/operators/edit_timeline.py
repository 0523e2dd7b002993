"""The timeline of prompts: its rows, and the motion that they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import bpy

from mdm_core.errors import MotionError

from .. import jobs
from ..editing.rows import MDM_PG_timeline
from ..editing.timeline import Timeline, from_markers, job_of, sorted_rows
from ..properties import MAX_SEED
from .base import JobOperator, MotionOperator, chosen_seed, free_armature

NEW_ROW = 3.0
"""Seconds of a row that is added."""
ROW = re.compile(r"\s*(-?\d+)\s*[:-]\s*(-?\d+)\s*=(.*)")


class MDM_OT_timeline(JobOperator):
    """Make one motion of all prompts, each in its frames, as a new action"""

    bl_idname = "mdm.timeline"
    bl_label = "Generate Timeline"

    if TYPE_CHECKING:
        rows: str
        seed: int
        takes: int
    else:
        rows: bpy.props.StringProperty(
            name="Rows", description="Instead of the panel's: START:END=PROMPT, one a line", options={"SKIP_SAVE"}
        )
        seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED, options={"SKIP_SAVE"})
        takes: bpy.props.IntProperty(name="Takes", default=1, options={"SKIP_SAVE"})

    def run(self, context: Any) -> None:
        """Options that are not given come from the panel. In background mode it returns when all is done."""
        armature, shown = free_armature(context), context.scene
        given, settings = self.properties.is_property_set, shown.mdm
        timeline = Timeline(
            sorted_rows(rows_of(self.rows) if given("rows") else shown.mdm_timeline.given()),
            seed=self.seed if given("seed") else chosen_seed(settings),
            takes=self.takes if given("takes") else settings.takes,
            options=settings.apply_options(),
        )
        jobs.run(*job_of(armature, timeline, shown))


def rows_of(text: str) -> list[tuple[str, int, int]]:
    """Rows from lines START:END=PROMPT."""
    rows: list[tuple[str, int, int]] = []
    for line in filter(str.strip, text.splitlines()):
        hit = ROW.fullmatch(line)
        if hit is None:
            raise MotionError(f"“{line.strip()}” is no row of a timeline: write it as 1:60=a person walks.")
        rows.append((hit.group(3), int(hit.group(1)), int(hit.group(2))))
    return rows


class RowOperator(MotionOperator):
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def run(self, context: Any) -> None:
        self.change(context.scene, context.scene.mdm_timeline)

    def change(self, shown: Any, timeline: MDM_PG_timeline) -> None:
        raise NotImplementedError


class MDM_OT_prompt_add(RowOperator):
    """Add a prompt that begins where the last one ends"""

    bl_idname = "mdm.prompt_add"
    bl_label = "Add Prompt"

    def change(self, shown: Any, timeline: MDM_PG_timeline) -> None:
        first = max((row.last + 1 for row in timeline.rows), default=shown.frame_current)
        row = timeline.rows.add()
        row.first, row.last = first, first - 1 + round(NEW_ROW * shown.render.fps / shown.render.fps_base)
        timeline.active = len(timeline.rows) - 1


class MDM_OT_prompt_remove(RowOperator):
    """Remove the chosen prompt"""

    bl_idname = "mdm.prompt_remove"
    bl_label = "Remove Prompt"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return len(context.scene.mdm_timeline.rows) > 0

    def change(self, shown: Any, timeline: MDM_PG_timeline) -> None:
        timeline.rows.remove(timeline.active)
        timeline.active = min(timeline.active, max(0, len(timeline.rows) - 1))


class MDM_OT_prompts_sort(RowOperator):
    """Bring the prompts into the order of their frames"""

    bl_idname = "mdm.prompts_sort"
    bl_label = "Sort by Time"

    def change(self, shown: Any, timeline: MDM_PG_timeline) -> None:
        timeline.replaced(sorted(timeline.given(), key=lambda row: row[1]))


class MDM_OT_prompts_from_markers(RowOperator):
    """Take the names of the timeline markers as prompts, each from its marker to the next or the scene's end"""

    bl_idname = "mdm.prompts_from_markers"
    bl_label = "From Markers"

    def change(self, shown: Any, timeline: MDM_PG_timeline) -> None:
        rows = from_markers([(it.frame, it.name) for it in shown.timeline_markers], shown.frame_end)
        if not rows:
            raise MotionError("No timeline marker has a prompt for its name: set markers (M) and rename them (F2).")
        timeline.replaced(rows)


CLASSES: tuple[type, ...] = (
    MDM_OT_timeline,
    MDM_OT_prompt_add,
    MDM_OT_prompt_remove,
    MDM_OT_prompts_sort,
    MDM_OT_prompts_from_markers,
)
