"""Edits for scripts: each waits for its result, returns the action that holds it, and raises `MotionError`. `api` shows
them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import bpy

from mdm_core.errors import MotionError

from .. import jobs
from ..preferences import WorkerSettings, worker_settings
from .job import again_of, edit_of
from .plan import Ask

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
    `mdm_core.skeleton.PARTS`. keys: frames whose pose stays. blend: frames inside the range over which the old motion
    fades. vary: None, or 0 to 1, how far from the present motion to go. guidance, steps: the model's own if None.
    """
    ask = Ask(
        prompt=prompt,
        frames=frames,
        bones=tuple(bones),
        parts=tuple(parts),
        keys=tuple(keys),
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
    seed: int = 0,
    guidance: float | None = None,
    steps: int | None = None,
    in_place: bool = False,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """As `regenerate`, but the poses at `keys` (scene frames) stay exactly: by default where the bones have keys that
    are not of the type Generated."""
    ask = Ask(
        kind="inbetween",
        prompt=prompt,
        frames=frames,
        bones=tuple(bones),
        parts=tuple(parts),
        keys=None if keys is None else tuple(keys),
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
    ask = Ask(
        kind="extend",
        prompt=prompt,
        blend=0,
        seconds=seconds,
        seed=seed,
        guidance=guidance,
        steps=steps,
        in_place=in_place,
    )
    return _edited(armature, ask, settings, on_step)


def again(
    armature: Any,
    *,
    seed: int | None = None,
    settings: WorkerSettings | None = None,
    on_step: OnStep | None = None,
) -> bpy.types.Action:
    """Makes the edit that the armature plays once more of the action that it was made from; another seed if None."""
    chosen = random.SystemRandom().randint(0, MAX_SEED) if seed is None else seed
    wanted, goal = again_of(_checked(armature), chosen, bpy.context.scene)
    return goal.put(armature, jobs.wait_for(wanted, settings or worker_settings(), on_step))[0]


def _edited(armature: Any, ask: Ask, settings: WorkerSettings | None, on_step: OnStep | None) -> bpy.types.Action:
    wanted, goal = edit_of(_checked(armature), ask, bpy.context.scene)
    return goal.put(armature, jobs.wait_for(wanted, settings or worker_settings(), on_step))[0]


def _checked(armature: Any) -> bpy.types.Object:
    if not isinstance(armature, bpy.types.Object) or armature.type != "ARMATURE":
        raise MotionError("An edit needs an armature; pass the armature object.")
    return armature
