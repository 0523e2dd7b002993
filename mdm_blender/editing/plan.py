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
from mdm_core.skeleton import JOINT_NAMES, PARTS

from .. import compat, keys, rig
from ..retarget.root_motion import root_bone
from ..rig import RigMap, RigSnapshot
from ..rig.read import read as read_rig
from .goals import JointGoal, targets_of
from .marks import animators_keys, own_poses
from .path import Way, ground_path
from .space import space_of
from .stretch import Stretch, key_span, read_stretch
from .switches import check_fk

Kind = Literal["regenerate", "inbetween", "extend", "loop"]
CONTEXT = 3.0
"""Seconds on either side of the range that are read: the model sees two of them, the rest tells how the body stands."""
FADE = 0.25
"""Seconds over which what is left of an edit at its border is taken off, at least."""
LOOP_START = 0.5
"""Seconds that a loop needs besides what is made anew of it."""
SHORTEST = 3
"""Frames."""
PART_OF = {JOINT_NAMES[joint]: part for part, joints in PARTS.items() for joint in joints}
OBJECT = ""
"""Stands among bones for the armature object itself."""


@dataclass(frozen=True)
class Ask:
    """kind: "regenerate" frames anew, "inbetween": so that the poses of `keys` stay, "extend" past the last
    key, or "loop": so that the last frame is the first again.

    frames: first and last scene frame that may change, both included; all of the action if None. bones: the mapped
    bones that may change, or parts: names of `skeleton.PARTS`; everything if both are empty. keys: scene frames, by
    default those where the animator has keys. blend: frames inside the range over which the old motion fades.
    targets: where single joints are. path: the way of the hips. loop: "travel" or "in_place".
    vary: as in `EditRequest`. seconds: of an extension, or how much at the end of a loop is made anew. in_place: write
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
    fixed: bool [T], the frames of the stretch whose pose stays. fade: frames."""

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


def prepare(armature: Any, ask: Ask, context_scene: Any) -> Plan:
    """The plan for the armature's assigned action; MotionError, one sentence, where there is none that can be carried
    out. The scene's frame, the selection and all data stay as they are."""
    keys.check(armature, "current_action" if ask.in_place else "new_action")
    action = armature.animation_data.action if armature.animation_data else None
    if action is None:
        raise MotionError(f"“{armature.name}” has no action to edit: assign one, or generate a motion first.")
    snapshot, rig_map = read_rig(armature), rig.detect(armature)
    span = key_span(armature, action)
    bones, parts = chosen(snapshot, rig_map, ask)
    check_fk(armature, snapshot, rig_map, parts)
    if ask.kind == "extend":
        return _extension(armature, ask, context_scene, snapshot, rig_map, bones, span)
    if ask.kind == "loop":
        return _round(armature, ask, context_scene, snapshot, rig_map, bones, span)

    first, last = checked_range(ask, span, action.name)
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
    return Plan(
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


def _extension(
    armature: Any,
    ask: Ask,
    context_scene: Any,
    snapshot: RigSnapshot,
    rig_map: RigMap,
    bones: frozenset[str],
    span: tuple[float, float],
) -> Plan:
    if ask.bones or ask.parts:
        raise MotionError("An extension moves the whole body: leave bones and body parts away.")
    rate = context_scene.render.fps / context_scene.render.fps_base
    last = math.ceil(span[1] - 1e-3)
    added = round(ask.seconds * rate)
    if added < SHORTEST:
        raise MotionError(f"{ask.seconds:g} seconds are too short to extend the motion by; choose more.")
    start = max(_up(span[0]), last - math.ceil(CONTEXT * rate))
    if last - start < SHORTEST:
        raise MotionError("The action is too short to be extended; it needs a few frames that move.")
    known = read_stretch(armature, context_scene, snapshot, rig_map, start, last)
    request = replace(_request(ask, ()), extend=added / rate)
    check_request(request, len(known))
    longer = known.longer(added)
    fixed = np.arange(len(longer)) < len(known)
    action = armature.animation_data.action.session_uid
    fade = round(FADE * rate)
    # The worker gets the motion as it is, and the longer stretch is what its answer is laid on.
    return Plan(ask, action, longer, request, bones, last + 1, last + added, (False, True), fixed, fade)


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
    """What the worker is sent: the stretch without the frames that an extension adds, or the one that ends a loop."""
    motion = plan.stretch.motion
    if plan.ask.kind not in ("extend", "loop"):
        return motion
    count = len(motion) - 1 if plan.ask.kind == "loop" else int(plan.fixed.sum())
    contacts = motion.contacts
    return replace(motion, positions=motion.positions[:count], contacts=None if contacts is None else contacts[:count])


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


def chosen(snapshot: RigSnapshot, rig_map: RigMap, ask: Ask) -> tuple[frozenset[str], tuple[str, ...]]:
    """The bones that may change and the body parts that the model makes anew for them; () is the whole body."""
    joints = {bone: joint for joint, bone in rig_map.bones.items()}
    carriers = {rig_map.carrier, *_root(snapshot, rig_map)} - joints.keys()
    if ask.bones:
        unknown = [bone for bone in ask.bones if bone not in snapshot.bones]
        if unknown:
            raise MotionError(f"“{snapshot.name}” has no bone “{unknown[0]}”.")
        bones = frozenset(bone for bone in ask.bones if bone in joints or bone in carriers)
        if not bones:
            examples = ", ".join(f"“{bone}”" for bone in list(rig_map.bones.values())[-3:])
            raise MotionError(
                f"None of the chosen bones plays a joint of the model: choose bones such as {examples}, or body parts."
            )
        parts = {PART_OF[joints[bone]] if bone in joints else "root" for bone in bones}
        if "root" in parts:
            bones |= {OBJECT}
        return bones, _ordered(parts)
    wanted = set(ask.parts) or set(PARTS)
    for part in wanted - set(PARTS):
        raise MotionError(f"There is no body part “{part}”: use {', '.join(PARTS)}.")
    bones = {bone for bone in snapshot.bones if _part(snapshot, joints, bone) in wanted}
    if "root" in wanted:
        bones |= {*carriers, OBJECT}
    return frozenset(bones), () if wanted == set(PARTS) else _ordered(wanted)


def _ordered(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for part in PARTS if part in set(parts))


def _root(snapshot: RigSnapshot, rig_map: RigMap) -> set[str]:
    try:
        return {root_bone(snapshot, rig_map)}
    except MotionError:
        return set()


def _part(snapshot: RigSnapshot, joints: dict[str, str], bone: str) -> str:
    """The part of the bone, or of the mapped bone that carries it; "" above all of them."""
    owner = next((it for it in (bone, *snapshot.ancestors(bone)) if it in joints), None)
    return "" if owner is None else PART_OF[joints[owner]]


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


def selected_bones(armature: Any) -> tuple[str, ...]:
    """Names of the selected pose bones."""
    return tuple(posed.name for posed in armature.pose.bones if compat.is_selected(posed))


def _up(frame: float) -> int:
    return math.ceil(frame - 1e-3)


def _down(frame: float) -> int:
    return math.floor(frame + 1e-3)
