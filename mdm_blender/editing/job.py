"""An edit as a job: what the worker is asked, and where its answer goes. For operators and scripts alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import bpy
import numpy as np

from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from .. import compat, takes
from ..generation import Edit
from ..keys.actions import NOTES
from ..takes import GENERATION, Assignment
from . import timeline
from .evened import Borders, even
from .goals import goals_from
from .loop import close
from .meet import meet
from .path import pace_note, way_from
from .plan import Ask, Plan, prepare, source_motion
from .space import space_of
from .timeline import TIMELINE, TimelineGoal
from .write import EDIT, SOURCE, write

TARGETS = "mdm_targets"
"""Custom property of an action: JSON of the joint targets that it was made for, [joint, frame, metres off], ..."""


@dataclass(frozen=True)
class EditGoal:
    """The goal of an edit (`jobs.Goal`). group: the mark of the takes that these belong to, "" for new ones."""

    scene: int
    armature: int
    name: str
    plan: Plan
    group: str = ""

    def put(self, armature: Any, motions: list[Motion]) -> list[bpy.types.Action]:
        before = Assignment.of(armature)
        results: list[bpy.types.Action] = []
        try:
            if self.group:
                with_source(armature, source_of(armature))
            results = write(armature, self.plan, motions, group=self.group)
            finish(armature, self.plan, results)
        except BaseException:
            before.restore(armature)
            for result in results:
                if result != before.action:
                    bpy.data.actions.remove(result)
            raise
        if self.group:
            before.action.use_fake_user = True
        return results


def finish(armature: Any, plan: Plan, results: Sequence[Any]) -> None:
    """What is left to be done on the rig itself to the takes of an edit, the first assigned afterwards: joints to their
    goals, loops closed."""
    goals, scene = plan.ask.targets, bpy.context.scene
    space = space_of(plan.stretch.rig, plan.stretch.rig_map, plan.stretch.root_motion)
    if not goals and plan.ask.kind != "loop" and plan.ask.path is None:
        return
    for action in reversed(results):
        compat.assign_action(armature, action, compat.slot_like(action, armature))
        said: list[str] = []
        if goals:
            met = meet(armature, plan, goals, space.metre, scene)
            at = np.isin(plan.stretch.frames, [it.frame for it in goals])
            even(armature, plan, Borders(plan.stretch.frames, plan.fixed, at))
            action[TARGETS] = json.dumps([[it.goal.joint, it.goal.frame, round(it.off, 5)] for it in met])
            said += [it.note for it in met]
        if plan.ask.path is not None:
            said.append(pace_note(plan.ask.path, space, (plan.last - plan.first) / plan.stretch.motion.fps))
        if plan.ask.kind == "loop":
            close(armature, plan)
            asked_for = json.loads(action[EDIT])
            action[EDIT] = json.dumps(asked_for | {"frames": [plan.stretch.first, plan.last]})
        note(action, said)


def note(action: Any, sentences: Sequence[str]) -> None:
    """Adds to what the panel says of the action; empty ones are left out."""
    said = [*str(action.get(NOTES, "")).splitlines(), *(it for it in sentences if it)]
    if said:
        action[NOTES] = "\n".join(said)


def edit_of(armature: Any, ask: Ask, scene: Any) -> tuple[Edit, EditGoal]:
    """The job and its goal; MotionError where the edit cannot be made, with nothing changed."""
    plan = prepare(armature, ask, scene)
    goal = EditGoal(scene.session_uid, armature.session_uid, armature.name, plan)
    return Edit(source_motion(plan), plan.request), goal


def again_of(armature: Any, seed: int, scene: Any) -> tuple[Edit, EditGoal | TimelineGoal]:
    """The edit that made the played action once more, of the action that it was made from, with another seed; or the
    timeline that made it."""
    action = takes.assigned(armature)
    if action is not None and not _is_edit(action) and TIMELINE in action:
        return timeline.again_of(armature, seed, scene)
    action, source = takes.assigned(armature), source_of(armature)
    ask = replace(asked(action), seed=seed)
    before = Assignment.of(armature)
    try:
        with_source(armature, source)
        job, goal = edit_of(armature, ask, scene)
    finally:
        before.restore(armature)
    return job, replace(goal, group=str(action[GENERATION]))


def asked(action: Any) -> Ask:
    """What made this action, from its custom property."""
    values = json.loads(action[EDIT])
    known = {it.name for it in fields(Ask)}
    for name in ("frames", "bones", "parts", "keys"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    values["targets"], values["path"] = goals_from(values.get("targets")), way_from(values.get("path"))
    return Ask(**{name: value for name, value in values.items() if name in known})


def can_repeat(armature: Any) -> bool:
    """Whether the armature plays an action that an edit made of another one that is still there, or a timeline."""
    action = takes.assigned(armature) if armature is not None else None
    return action is not None and (_is_edit(action) or TIMELINE in action)


def _is_edit(action: Any) -> bool:
    return EDIT in action and isinstance(action.get(SOURCE), bpy.types.Action)


def source_of(armature: Any) -> Any:
    """The action of which the played one is an edit."""
    if takes.assigned(armature) is None or not _is_edit(takes.assigned(armature)):
        raise MotionError("The armature plays no edit of another action, so there is nothing to do again.")
    return takes.assigned(armature)[SOURCE]


def with_source(armature: Any, source: Any) -> None:
    """Plays the source action with the slot that the armature's present one has in it."""
    compat.assign_action(armature, source, compat.slot_like(source, armature))
