"""Edits for scripts: each waits for its result, returns the action that holds it, and raises `MotionError`. `api` shows
them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import bpy

from mdm_core.editing.request import Facing
from mdm_core.errors import MotionError

from .. import jobs, rig
from ..apply import DEFAULTS, ApplyOptions
from ..preferences import WorkerSettings, worker_settings
from .goals import JointGoal, read_goals
from .job import again_of, edit_of
from .path import Way, read_way
from .plan import Ask
from .timeline import Timeline, job_of, sorted_rows

OnStep = Callable[[int, int], None]
MAX_SEED = 2**31 - 1


def regenerate(
    armature: Any,
    prompt: str = "",
    *,
    frames: tuple[int, int] | None = None,
    bones: Sequence[str] = (),
    parts: Sequence[str] = (),
    keys: Sequence[int] = (),
    targets: Iterable[tuple[str, int, Any]] = (),
    path: Any = None,
    facing: Facing = "along",
    blend: int = 5,
    vary: float | None = None,
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    in_place: bool = False,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """Makes bones (or body parts, or everything) anew in the scene frames first..last of the armature's action.

    The edit goes to a copy, which is assigned; the original is kept, unless `in_place`. Other bones, other frames,
    keys and handles do not change. frames: all of the action if None. bones: names of mapped bones; parts: names of
    `mdm_core.skeleton.PARTS`. keys: frames whose pose stays. targets: where single joints are, (joint, frame, place): a
    name of `skeleton.JOINT_NAMES` or of the rig's bone for it, and an object, a pose bone or three numbers, which is
    the place in the world at that frame; how near they were met is in the action's `mdm_targets`. path: a curve object
    that the hips follow at an even speed, facing "along" it or "free". blend: frames inside the range over which the
    old motion fades. vary: None, or 0 to 1, how far from the present motion to go. guidance, steps: the model's own if
    None.
    """
    goals, way = _constraints(armature, targets, path, facing)
    ask = Ask(
        prompt=prompt,
        frames=frames,
        bones=tuple(bones),
        parts=tuple(parts),
        keys=tuple(keys),
        targets=goals,
        path=way,
        blend=blend,
        vary=vary,
        seed=seed,
        guidance=guidance,
        steps=steps,
        in_place=in_place,
    )
    return _edited(armature, ask, settings, on_step)


def inbetween(
    armature: Any,
    prompt: str = "",
    *,
    frames: tuple[int, int] | None = None,
    keys: Sequence[int] | None = None,
    bones: Sequence[str] = (),
    parts: Sequence[str] = (),
    targets: Iterable[tuple[str, int, Any]] = (),
    path: Any = None,
    facing: Facing = "along",
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    in_place: bool = False,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """As `regenerate`, but the poses at `keys` (scene frames) stay exactly: by default where the bones have keys that
    are not of the type Generated."""
    goals, way = _constraints(armature, targets, path, facing)
    ask = Ask(
        kind="inbetween",
        prompt=prompt,
        frames=frames,
        bones=tuple(bones),
        parts=tuple(parts),
        keys=None if keys is None else tuple(keys),
        targets=goals,
        path=way,
        blend=0,
        seed=seed,
        guidance=guidance,
        steps=steps,
        in_place=in_place,
    )
    return _edited(armature, ask, settings, on_step)


def extend(
    armature: Any,
    prompt: str = "",
    *,
    seconds: float = 2.0,
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    in_place: bool = False,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """Goes on after the last key of the armature's action; nothing that is there changes."""
    ask = Ask("extend", prompt, blend=0, seconds=seconds, seed=seed, guidance=guidance, steps=steps, in_place=in_place)
    return _edited(armature, ask, settings, on_step)


def lead_in(
    armature: Any,
    prompt: str = "",
    *,
    seconds: float = 2.0,
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    in_place: bool = False,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """What comes before the first key of the armature's action and leads into it; nothing that is there changes."""
    ask = Ask("lead_in", prompt, blend=0, seconds=seconds, seed=seed, guidance=guidance, steps=steps, in_place=in_place)
    return _edited(armature, ask, settings, on_step)


def loop(
    armature: Any,
    mode: Literal["travel", "in_place"] = "travel",
    *,
    frames: tuple[int, int] | None = None,
    prompt: str = "",
    remade: float = 1.0,
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """Makes the action, or its frames first..last, go round: the last frame is the first again, and moves on like it.

    The loop goes to a copy that holds these frames alone; its curves get Cycles modifiers. mode: "travel", on from
    where it has come to (the hips, root bone or object repeat with offset), or "in_place", without its way over the
    ground. remade: seconds at the end that are made anew to lead back into the start.
    """
    if mode not in ("travel", "in_place"):
        raise MotionError(f'A loop is "travel" or "in_place", not "{mode}".')
    ask = Ask(
        kind="loop",
        prompt=prompt,
        frames=frames,
        blend=0,
        loop=mode,
        seconds=remade,
        seed=seed,
        guidance=guidance,
        steps=steps,
    )
    return _edited(armature, ask, settings, on_step)


def timeline(
    armature: Any,
    rows: Iterable[tuple[str, int, int]],
    *,
    seed: int = 0,
    takes: int = 1,
    guidance: float | None = None,
    steps: int | None = None,
    options: ApplyOptions = DEFAULTS,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> list[bpy.types.Action]:
    """One motion of several prompts, of any length; one action a take, the first assigned.

    rows: (prompt, first scene frame, last), both included, in any order; a gap is left to the model. options: as in
    `api.generate`.
    """
    asked_for = Timeline(sorted_rows(rows), seed=seed, takes=takes, guidance=guidance, steps=steps, options=options)
    return made(armature, asked_for, settings, on_step)


def made(
    armature: Any, asked_for: Timeline, settings: WorkerSettings | None, on_step: OnStep | None
) -> list[bpy.types.Action]:
    """The timeline's actions."""
    wanted, goal = job_of(_checked(armature), asked_for, bpy.context.scene)
    return goal.put(armature, jobs.wait_for(wanted, settings or worker_settings(), on_step))


def again(
    armature: Any,
    *,
    seed: int | None = None,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """Makes the edit that the armature plays once more of the action that it was made from; another seed if None. So
    with a motion of `timeline`, or along a path."""
    chosen = random.SystemRandom().randint(0, MAX_SEED) if seed is None else seed
    wanted, goal = again_of(_checked(armature), chosen, bpy.context.scene)
    return goal.put(armature, jobs.wait_for(wanted, settings or worker_settings(), on_step))[0]


def _constraints(
    armature: Any, targets: Iterable[tuple[str, int, Any]], path: Any, facing: Facing
) -> tuple[tuple[JointGoal, ...], Way | None]:
    wanted = tuple(targets)
    goals = read_goals(armature, rig.detect(_checked(armature)), wanted, bpy.context.scene) if wanted else ()
    return goals, None if path is None else read_way(path, facing)


def _edited(armature: Any, ask: Ask, settings: WorkerSettings | None, on_step: OnStep | None) -> bpy.types.Action:
    wanted, goal = edit_of(_checked(armature), ask, bpy.context.scene)
    return goal.put(armature, jobs.wait_for(wanted, settings or worker_settings(), on_step))[0]


def _checked(armature: Any) -> bpy.types.Object:
    if not isinstance(armature, bpy.types.Object) or armature.type != "ARMATURE":
        raise MotionError("An edit needs an armature; pass the armature object.")
    return armature
