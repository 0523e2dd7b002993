"""The takes of one generation: an action each, on one armature, one of them assigned and the others kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from . import compat, rig
from .apply import apply_motion

GENERATION, TAKE, TAKES = "mdm_generation", "mdm_take", "mdm_takes"
"""Custom properties of an action: which generation it is from, its number from 1, and of how many."""
NAME_LENGTH = 40


@dataclass(frozen=True)
class Assignment:
    """Which action an armature plays, whether it is kept, and its slot of it (Blender 4.4 and later)."""

    has_data: bool
    action: Any
    kept: bool
    slot: Any

    @staticmethod
    def of(armature: Any) -> Assignment:
        data = armature.animation_data
        action = data.action if data else None
        kept = action is not None and action.use_fake_user
        return Assignment(data is not None, action, kept, getattr(data, "action_slot", None))

    def restore(self, armature: Any) -> None:
        if not self.has_data:
            armature.animation_data_clear()
            return
        armature.animation_data.action = self.action
        if self.slot is not None:
            armature.animation_data.action_slot = self.slot
        if self.action is not None:
            self.action.use_fake_user = self.kept


def add(armature: Any, motions: Sequence[Motion], *, frame_start: float) -> list[bpy.types.Action]:
    """One action a motion; the first is assigned. On an error the armature has the action that it had before.

    The other takes get a fake user, so that saving keeps them, as the action that the armature had got from `keys`.
    """
    rig_map = rig.detect(armature)
    before = Assignment.of(armature)
    actions: list[bpy.types.Action] = []
    generation = secrets.token_hex(8)
    try:
        for number, motion in enumerate(motions, start=1):
            title = name(motion.prompt, number)
            action = apply_motion(armature, motion, frame_start=frame_start, action_name=title, rig_map=rig_map)
            action[GENERATION], action[TAKE], action[TAKES] = generation, number, len(motions)
            actions.append(action)
    except BaseException:
        before.restore(armature)
        for action in actions:
            bpy.data.actions.remove(action)
        raise
    compat.assign_action(armature, actions[0])
    for action in actions:
        action.use_fake_user = action != actions[0]
    return actions


def name(prompt: str, number: int) -> str:
    """What the action is called: the start of the prompt, and the take's number after the first."""
    words = " ".join(prompt.split())
    short = words if len(words) <= NAME_LENGTH else words[: NAME_LENGTH - 1].rsplit(" ", 1)[0] + "…"
    return short if number == 1 else f"{short} {number}"


def assigned(armature: Any) -> Any:
    return armature.animation_data.action if armature.animation_data else None


def position(armature: Any) -> tuple[int, int] | None:
    """(number, of how many) of the assigned take; None where the action is none of ours."""
    action = assigned(armature)
    return None if action is None or GENERATION not in action else (action[TAKE], action[TAKES])


def siblings(armature: Any) -> list[bpy.types.Action]:
    """All takes of the assigned one's generation that still exist, in their order."""
    action = assigned(armature)
    if action is None or GENERATION not in action:
        return []
    found = [it for it in bpy.data.actions if it.get(GENERATION) == action[GENERATION]]
    return sorted(found, key=lambda it: it[TAKE])


def step(armature: Any, direction: int) -> bpy.types.Action:
    """Assigns the next (1) or previous (-1) take, round and round."""
    known = siblings(armature)
    if len(known) < 2:
        raise MotionError("There is no other take of this motion; generate with more takes.")
    current = known.index(assigned(armature))
    chosen = known[(current + direction) % len(known)]
    known[current].use_fake_user = True
    compat.assign_action(armature, chosen)
    return chosen


def keep_assigned(armature: Any) -> int:
    """Deletes the other takes; returns how many."""
    keep = assigned(armature)
    others = [it for it in siblings(armature) if it != keep and it.users - it.use_fake_user == 0]
    for action in others:
        bpy.data.actions.remove(action)
    if keep is not None and GENERATION in keep:
        keep[TAKE] = keep[TAKES] = 1
    return len(others)
