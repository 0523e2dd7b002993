"""What an edit of an armature's action is to be: asked for in the scene's frames and the rig's bones, laid out for the
model. Reads Blender, changes nothing; what is refused is refused here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mdm_core.editing.request import EditRequest, Loop
from mdm_core.editing.request import check as check_request
from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from .. import keys, rig
from ..retarget.ik_limbs import FoundLimb
from ..rig import RigMap, RigSnapshot
from ..rig.read import read as read_rig
from .chosen import PART_OF
from .goals import JointGoal, targets_of
from .marks import animators_keys, own_poses
from .path import Way, ground_path
from .space import space_of
from .stretch import Stretch, key_span, read_stretch
from .switches import choose

Kind = Literal["regenerate", "inbetween", "extend", "lead_in", "loop"]
CONTEXT = 3.0
"""Seconds on either side of the range that are read: the model sees two of them, the rest tells how the body stands."""
FADE = 0.25
"""Seconds over which what is left of an edit at its border is taken off, at least."""
LOOP_START = 0.5
"""Seconds that a loop needs besides what is made anew of it."""
SHORTEST = 3
"""Frames."""


@dataclass(frozen=True)
class Ask:
    """kind: "regenerate" frames anew, "inbetween": so that the poses of `keys` stay, "extend" past the last key,
    "lead_in" before the first one, or "loop": so that the last frame is the first again.

    frames: first and last scene frame that may change, both included; all of the action if None. bones: the mapped
    bones that may change, or parts: names of `skeleton.PARTS`; everything if both are empty. keys: scene frames, by
    default those where the animator has keys. blend: frames inside the range over which the old motion fades.
    targets: where single joints are. path: the way of the hips. loop: "travel" or "in_place".
    vary: as in `EditRequest`. seconds: that are added, or how much at the end of a loop is made anew. in_place: write
    into the action itself and not into a copy.
    """

    kind: Kind = "regenerate"
    prompt: str = ""
    frames: tuple[int, int] | None = None
    bones: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    keys: tuple[int, ...] | None = None
    blend: int = 5
    targets: tuple[JointGoal, ...] = ()
    path: Way | None = None
    loop: Loop = ""
    vary: float | None = None
    seconds: float = 2.0
    seed: int = 0
    takes: int = 1
    guidance: float | None = None
    steps: int | None = None
    in_place: bool = False


@dataclass(frozen=True)
class Plan:
    """The edit as plain data. action: session id of the action that was read. bones: those that may change, "" is the
    object. first, last: scene frames that may change; open: whether nothing of the action lies before, after them.
    fixed: bool [T], the frames of the stretch whose pose stays. fade: frames. limbs: those that play IK, whose IK
    controls are among the bones instead of the FK ones."""

    ask: Ask
    action: int
    stretch: Stretch
    request: EditRequest
    bones: frozenset[str]
    first: int
    last: int
    open: tuple[bool, bool]
    fixed: NDArray[np.bool_]
    fade: int
    limbs: tuple[FoundLimb, ...] = ()


def prepare(armature: Any, ask: Ask, context_scene: Any) -> Plan:
    """The plan for the armature's assigned action; MotionError, one sentence, where there is none that can be carried
    out. The scene's frame, the selection and all data stay as they are."""
    keys.check(armature, "current_action" if ask.in_place else "new_action")
    action = armature.animation_data.action if armature.animation_data else None
    if action is None:
        raise MotionError(f"“{armature.name}” has no action to edit: assign one, or generate a motion first.")
    snapshot, rig_map = read_rig(armature), rig.detect(armature)
    span = key_span(armature, action)
    first, last = _changing(ask, span, action.name)
    bones, parts, limbs = choose(armature, snapshot, rig_map, ask.bones, ask.parts, range(first, last + 1))
    if ask.kind in ("extend", "lead_in"):
        return _in_ik(_longer(armature, ask, context_scene, snapshot, rig_map, bones, span), limbs)
    if ask.kind == "loop":
        return _in_ik(_round(armature, ask, context_scene, snapshot, rig_map, bones, span), limbs)

    context = math.ceil(CONTEXT * context_scene.render.fps / context_scene.render.fps_base)
    start, stop = max(_up(span[0]), first - context), min(_down(span[1]), last + context)
    stretch = read_stretch(armature, context_scene, snapshot, rig_map, start, stop)
    marked = [frame for frame in _marked(armature, ask, bones, first, last) if first <= frame <= last]
    fixed = (stretch.frames < first) | (stretch.frames > last) | np.isin(stretch.frames, marked)
    rate = stretch.motion.fps
    _check_goals(ask, parts, marked)
    space = space_of(snapshot, rig_map, stretch.root_motion)
    request = replace(
        _request(ask, parts),
        frames=(first - start, last + 1 - start),
        keys=tuple(frame - start for frame in marked),
        targets=targets_of(armature, stretch, ask.targets, first, last, context_scene),
        path=None if ask.path is None else ground_path(ask.path, space),
        blend=ask.blend / rate,
        vary=ask.vary,
        first_frame=start,
    )
    check_request(request, len(stretch))
    plan = Plan(
        ask=ask,
        action=action.session_uid,
        stretch=stretch,
        request=request,
        bones=bones,
        first=first,
        last=last,
        open=(first <= span[0], last >= span[1]),
        fixed=fixed,
        fade=max(ask.blend, round(FADE * rate)),
    )
    return _in_ik(plan, limbs)


def _changing(ask: Ask, span: tuple[float, float], name: str) -> tuple[int, int]:
    """First and last frame that there is now of what may change: that from which an extension or a lead-in starts."""
    if ask.kind in ("extend", "lead_in"):
        end = math.floor(span[0] + 1e-3) if ask.kind == "lead_in" else math.ceil(span[1] - 1e-3)
        return end, end
    return checked_range(ask, span, name)


def _in_ik(plan: Plan, limbs: tuple[FoundLimb, ...]) -> Plan:
    """The plan with the limbs that play IK; MotionError for what cannot be done to them."""
    for limb in limbs:
        moved = plan.stretch.unfollowed & {limb.fk[0], *limb.controls}
        if moved:
            raise MotionError(
                f"“{min(moved)}” is moved by more than its keys, so the {limb.part.replace('_', ' ')} cannot be edited "
                "in IK: bring it to FK first, or leave it out."
            )
        for goal in plan.ask.targets:
            if plan.stretch.rig_map.bones.get(goal.joint) in limb.fk_bones:
                raise MotionError(
                    f"The {goal.label} plays IK and can have no target: key its control “{limb.end}” there instead."
                )
    return replace(plan, limbs=limbs)


def _longer(
    armature: Any,
    ask: Ask,
    context_scene: Any,
    snapshot: RigSnapshot,
    rig_map: RigMap,
    bones: frozenset[str],
    span: tuple[float, float],
) -> Plan:
    """Frames after the last key, or before the first: the worker gets the motion as it is, and its answer is laid on a
    longer stretch."""
    if ask.bones or ask.parts:
        raise MotionError("What is added moves the whole body: leave bones and body parts away.")
    rate = context_scene.render.fps / context_scene.render.fps_base
    added, context = round(ask.seconds * rate), math.ceil(CONTEXT * rate)
    if added < SHORTEST:
        raise MotionError(f"{ask.seconds:g} seconds are too short to be added to the motion; choose more.")
    before = ask.kind == "lead_in"
    first, last = math.floor(span[0] + 1e-3), math.ceil(span[1] - 1e-3)
    start, stop = (first, min(_down(span[1]), first + context)) if before else (max(_up(span[0]), last - context), last)
    if stop - start < SHORTEST:
        raise MotionError("The action is too short to be made longer; it needs a few frames that move.")
    known = read_stretch(armature, context_scene, snapshot, rig_map, start, stop)
    seconds = added / rate
    request = replace(_request(ask, ()), lead_in=seconds if before else 0.0, extend=0.0 if before else seconds)
    check_request(request, len(known))
    stretch = known.longer(added, before=before)
    fixed = (stretch.frames >= start) & (stretch.frames <= stop)
    return Plan(
        ask=ask,
        action=armature.animation_data.action.session_uid,
        stretch=stretch,
        request=request,
        bones=bones,
        first=start - added if before else stop + 1,
        last=start - 1 if before else stop + added,
        open=(before, not before),
        fixed=fixed,
        fade=round(FADE * rate),
    )


def _round(
    armature: Any,
    ask: Ask,
    context_scene: Any,
    snapshot: RigSnapshot,
    rig_map: RigMap,
    bones: frozenset[str],
    span: tuple[float, float],
) -> Plan:
    if ask.bones or ask.parts:
        raise MotionError("A loop moves the whole body: leave bones and body parts away.")
    first, last = checked_range(ask, span, armature.animation_data.action.name)
    stretch = read_stretch(armature, context_scene, snapshot, rig_map, first, last)
    rate = stretch.motion.fps
    if last - first < (ask.seconds + LOOP_START) * rate:
        raise MotionError(
            f"Frames {first} to {last} are too short for a loop of which the last {ask.seconds:g} s are made anew: "
            "choose a longer range, or less to be made anew."
        )
    request = replace(_request(ask, ()), loop=ask.loop, loop_seconds=ask.seconds, closed=True)
    check_request(request, last - first)
    changed = first + 1 if ask.loop == "in_place" else last - max(SHORTEST, round(ask.seconds * rate))
    action = armature.animation_data.action.session_uid
    fixed = stretch.frames < changed
    opened = (changed <= span[0], last >= span[1])
    return Plan(ask, action, stretch, request, bones, changed, last, opened, fixed, round(FADE * rate))


def source_motion(plan: Plan) -> Motion:
    """What the worker is sent: the stretch without frames that are added, or the one that ends a loop."""
    motion, kept = plan.stretch.motion, np.ones(len(plan.stretch), dtype=bool)
    if plan.ask.kind == "loop":
        kept[-1] = False
    elif plan.ask.kind in ("extend", "lead_in"):
        kept = plan.fixed
    contacts = None if motion.contacts is None else motion.contacts[kept]
    return replace(motion, positions=motion.positions[kept], contacts=contacts)


def _check_goals(ask: Ask, parts: tuple[str, ...], marked: Iterable[int]) -> None:
    kept = set(marked)
    for goal in ask.targets:
        if goal.frame in kept:
            raise MotionError(f"The pose at frame {goal.frame} stays, so the {goal.label} can have no target there.")
        if parts and PART_OF[goal.joint] not in parts:
            part = PART_OF[goal.joint].replace("_", " ")
            raise MotionError(f"The {goal.label} has a target but may not change: let the {part} change too.")


def _request(ask: Ask, parts: tuple[str, ...]) -> EditRequest:
    return EditRequest(
        prompt=ask.prompt,
        parts=parts,
        seed=ask.seed,
        takes=ask.takes,
        guidance=ask.guidance,
        steps=ask.steps,
    )


def checked_range(ask: Ask, span: tuple[float, float], name: str) -> tuple[int, int]:
    """First and last frame; MotionError where the action has no keys to begin with."""
    known = _up(span[0]), _down(span[1])
    first, last = known if ask.frames is None else (int(ask.frames[0]), int(ask.frames[1]))
    if last - first + 1 < SHORTEST:
        raise MotionError(f"Frames {first} to {last} are too few to change: choose {SHORTEST} frames or more.")
    if first < known[0] or last > known[1]:
        raise MotionError(
            f"Frames {first} to {last} reach beyond the keys of “{name}” ({known[0]} to {known[1]}): "
            "choose frames within them, or extend the motion."
        )
    return first, last


def _marked(armature: Any, ask: Ask, bones: frozenset[str], first: int, last: int) -> list[int]:
    """Scene frames whose pose stays."""
    if ask.kind == "regenerate":
        return sorted(set(ask.keys or ()) | set(own_poses(armature, bones, first, last)))
    if ask.keys is not None:
        wrong = [key for key in ask.keys if not first <= key <= last]
        if wrong:
            raise MotionError(f"The key pose at frame {wrong[0]} is not within frames {first} to {last}; leave it out.")
        return sorted(set(ask.keys))
    found = animators_keys(armature, bones, first, last)
    if not found:
        raise MotionError(
            f"No key poses of the animator's own lie in frames {first} to {last}: key the poses that are to stay, or "
            "mark their frames with timeline markers."
        )
    return found


def _up(frame: float) -> int:
    return math.ceil(frame - 1e-3)


def _down(frame: float) -> int:
    return math.floor(frame + 1e-3)
