"""An edit as a job: what the worker is asked, and where its answer goes. For operators and scripts alike."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from .. import compat, takes
from ..generation import Edit
from ..takes import GENERATION, Assignment
from .plan import Ask, Plan, prepare, source_motion
from .write import EDIT, SOURCE, write


@dataclass(frozen=True)
class EditGoal:
    """The goal of an edit (`jobs.Goal`). group: the mark of the takes that these belong to, "" for new ones."""

    scene: int
    armature: int
    name: str
    plan: Plan
    group: str = ""

    def put(self, armature: Any, motions: list[Motion]) -> list[bpy.types.Action]:
        if not self.group:
            return write(armature, self.plan, motions)
        before = Assignment.of(armature)
        source = source_of(armature)
        try:
            with_source(armature, source)
            results = write(armature, self.plan, motions, group=self.group)
        except BaseException:
            before.restore(armature)
            raise
        before.action.use_fake_user = True
        return results


def edit_of(armature: Any, ask: Ask, scene: Any) -> tuple[Edit, EditGoal]:
    """The job and its goal; MotionError where the edit cannot be made, with nothing changed."""
    plan = prepare(armature, ask, scene)
    goal = EditGoal(scene.session_uid, armature.session_uid, armature.name, plan)
    return Edit(source_motion(plan), plan.request), goal


def again_of(armature: Any, seed: int, scene: Any) -> tuple[Edit, EditGoal]:
    """The edit that made the played action once more, of the action that it was made from, with another seed."""
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
    return Ask(**{name: value for name, value in values.items() if name in known})


def can_repeat(armature: Any) -> bool:
    """Whether the armature plays an action that an edit made of another one that is still there."""
    action = takes.assigned(armature) if armature is not None else None
    return action is not None and EDIT in action and isinstance(action.get(SOURCE), bpy.types.Action)


def source_of(armature: Any) -> Any:
    """The action of which the played one is an edit."""
    if not can_repeat(armature):
        raise MotionError("The armature plays no edit of another action, so there is nothing to do again.")
    return takes.assigned(armature)[SOURCE]


def with_source(armature: Any, source: Any) -> None:
    """Plays the source action with the slot that the armature's present one has in it."""
    compat.assign_action(armature, source, compat.slot_like(source, armature))
