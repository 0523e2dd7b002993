"""The takes of one generation: an action each, on one armature, one of them played and the others kept.

A take is played as the assigned action or, where it was put there, as a strip of the NLA.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from . import compat
from .apply import CONTACTS, DEFAULTS, ApplyOptions, apply_motion, check
from .keys.actions import NOTES
from .keys.bake import Counts
from .keys.bake import bake as keys_bake
from .keys.nla import strip_of
from .keys.stretch import Tolerance

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


def add(
    armature: Any, motions: Sequence[Motion], *, frame_start: float, options: ApplyOptions = DEFAULTS
) -> list[bpy.types.Action]:
    """One action a motion; the first is played. On an error the armature has the action that it had before.

    The other takes get a fake user, so that saving keeps them, as the action that the armature had got from `keys`.
    With the destination "current_action" the first take is written into it and the others into copies of it; with
    "nla" the first take gets the strip, and `step` exchanges the strip's action.
    """
    rig_map = check(armature, options)
    before = Assignment.of(armature)
    bases = _copies(before, len(motions) - 1) if options.destination == "current_action" else []
    actions: list[bpy.types.Action] = []
    generation = secrets.token_hex(8)

    def put(number: int) -> bpy.types.Action:
        # Only the first take becomes a strip: the others are exchanged for it.
        chosen = options if number == 1 or options.destination != "nla" else replace(options, destination="new_action")
        motion = motions[number - 1]
        title = name(motion.prompt, number)
        action = apply_motion(
            armature, motion, frame_start=frame_start, action_name=title, rig_map=rig_map, options=chosen
        )
        action[GENERATION], action[TAKE], action[TAKES] = generation, number, len(motions)
        actions.append(action)
        return action

    try:
        # The first take last: what is written into the user's own action or NLA comes when nothing can fail any more.
        for number in range(len(motions), 1, -1):
            before.restore(armature)
            if bases:
                compat.assign_action(armature, bases[number - 2], _slot_in(bases[number - 2], before))
            put(number)
        before.restore(armature)
        put(1)
    except BaseException:
        before.restore(armature)
        for action in {*actions, *bases} - {before.action}:
            bpy.data.actions.remove(action)
        raise
    actions.reverse()
    for action in actions[1:]:
        action.use_fake_user = True
    return actions


def _copies(before: Assignment, count: int) -> list[Any]:
    return [] if before.action is None else [before.action.copy() for _ in range(count)]


def _slot_in(copy: Any, before: Assignment) -> Any:
    return None if before.slot is None else copy.slots[before.slot.identifier]


def name(prompt: str, number: int) -> str:
    """What the action is called: the start of the prompt, and the take's number after the first."""
    words = " ".join(prompt.split())
    short = words if len(words) <= NAME_LENGTH else words[: NAME_LENGTH - 1].rsplit(" ", 1)[0] + "…"
    return short if number == 1 else f"{short} {number}"


def assigned(armature: Any) -> Any:
    return armature.animation_data.action if armature.animation_data else None


def played(armature: Any) -> Any | None:
    """The take that the armature plays: its action, or else that of the topmost strip that is one; None without."""
    data = armature.animation_data
    if data is None:
        return None
    if data.action is not None:
        return data.action if GENERATION in data.action else None
    strips = (strip for track in reversed(data.nla_tracks) if not track.mute for strip in track.strips)
    return next((it.action for it in strips if it.action is not None and GENERATION in it.action), None)


def position(armature: Any) -> tuple[int, int] | None:
    """(number, of how many) of the take that is played; None where that is none of ours."""
    action = played(armature)
    return None if action is None else (action[TAKE], action[TAKES])


def siblings(armature: Any) -> list[bpy.types.Action]:
    """All takes of the played one's generation that still exist, in their order."""
    action = played(armature)
    if action is None:
        return []
    found = [it for it in bpy.data.actions if it.get(GENERATION) == action[GENERATION]]
    return sorted(found, key=lambda it: it[TAKE])


def notes(action: Any) -> list[str]:
    """Sentences about what of the motion could not be written as asked."""
    return str(action.get(NOTES, "")).splitlines()


def step(armature: Any, direction: int) -> bpy.types.Action:
    """Plays the next (1) or previous (-1) take, round and round."""
    known = siblings(armature)
    if len(known) < 2:
        raise MotionError("There is no other take of this motion; generate with more takes.")
    current: Any = played(armature)
    chosen = known[(known.index(current) + direction) % len(known)]
    strip = None if current == assigned(armature) else strip_of(armature, current)
    current.use_fake_user = True
    if strip is None:
        compat.assign_action(armature, chosen)
    else:
        compat.exchange(strip, chosen, armature)
    return chosen


HISTORY = ("mdm_prompt", "mdm_seed", "mdm_model")
"""Custom properties that may outlive baking: how the motion was made."""


def bake(
    armature: Any, tolerance: Tolerance | None, *, remove_takes: bool = False, keep_history: bool = True
) -> tuple[bpy.types.Action, Counts]:
    """Makes the played take final: ordinary keys, few of them where a tolerance is given; it is no take any more.

    remove_takes: deletes the others of its generation. keep_history: prompt, seed and model stay as properties.
    Raises MotionError where no generated motion is played or its action cannot be changed.
    """
    action = played(armature)
    if action is None:
        raise MotionError(f"“{armature.name}” plays no generated motion: choose a take, or generate one.")
    counts = keys_bake(armature, action, tolerance, str(action.get(CONTACTS, "")))
    if remove_takes:
        keep_played(armature)
    for name in [name for name in action.keys() if name.startswith("mdm_")]:  # noqa: SIM118 - no mapping
        if name not in HISTORY or not keep_history:
            del action[name]
    return action, counts


def keep_played(armature: Any) -> int:
    """Deletes the other takes; returns how many."""
    keep = played(armature)
    others = [it for it in siblings(armature) if it != keep and it.users - it.use_fake_user == 0]
    for action in others:
        bpy.data.actions.remove(action)
    if keep is not None:
        keep[TAKE] = keep[TAKES] = 1
    return len(others)
