"""The add-on for scripts: what the panel does, but it waits for the result and raises `MotionError`.

    from mdm_blender import api          # bl_ext.user_default.mdm_blender in an installed add-on
    actions = api.generate(bpy.context.object, "a person waves", seconds=4)

Nothing here needs the add-on to be enabled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import bpy

from mdm_core.editing.request import Facing
from mdm_core.errors import Cancelled, MotionError
from mdm_core.generator import Request

from . import jobs, rig
from . import takes as taken
from .apply import DEFAULTS, ApplyOptions, check
from .editing.path import read_way
from .editing.scripts import again, extend, inbetween, lead_in, loop, made, regenerate, timeline
from .editing.timeline import along
from .keys.stretch import Tolerance
from .preferences import WorkerSettings, worker_settings

__all__ = [
    "ApplyOptions",
    "Cancelled",
    "MotionError",
    "again",
    "bake",
    "detect",
    "extend",
    "generate",
    "inbetween",
    "lead_in",
    "loop",
    "regenerate",
    "timeline",
]


def detect(armature: Any) -> rig.RigMap:
    """Which bone of this armature plays which joint; a `MotionError` says why none can."""
    return rig.detect(_checked(armature))


def generate(
    armature: Any,
    prompt: str,
    *,
    seconds: float = 6.0,
    frame_start: float | None = None,
    seed: int = 0,
    takes: int = 1,
    guidance: float | None = None,
    steps: int | None = None,
    path: Any = None,
    facing: Facing = "along",
    options: ApplyOptions = DEFAULTS,
    settings: WorkerSettings | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> list[bpy.types.Action]:
    """Generates a motion and puts it on the armature; one action a take, the first assigned. Blocks until it is done.

    frame_start: the scene frame of the motion's first; the current one if None.
    seed: take k is made with seed + k.
    guidance, steps: the model's own if None.
    path: a curve object that the hips follow at an even speed, facing "along" it or "free"; the motion is where the
        curve is, and may then be longer than the model's longest.
    options: how it is put on the rig: root motion, feet, hands, IK controls, and which action gets the keys.
    settings: model, engine, device and Python; the add-on's preferences if None.
    on_step: called with (step, steps); raise `Cancelled` in it to stop.

    Raises `MotionError` with a sentence for whatever can't be done, before anything is changed.
    """
    check(_checked(armature), options)
    start = float(bpy.context.scene.frame_current) if frame_start is None else frame_start
    if path is not None:
        render, way = bpy.context.scene.render, read_way(path, facing)
        one = along(prompt, seconds, start, render.fps / render.fps_base, way)
        chosen = replace(one, seed=seed, takes=takes, guidance=guidance, steps=steps, options=options)
        return made(armature, chosen, settings, on_step)
    request = Request((prompt,), seconds=seconds, seed=seed, takes=takes, guidance=guidance, steps=steps)
    motions = jobs.wait_for(request, settings or worker_settings(), on_step)
    return taken.add(armature, motions, frame_start=start, options=options)


def bake(
    armature: Any,
    *,
    reduce: bool = True,
    degrees: float = 0.5,
    millimetres: float = 2.0,
    remove_takes: bool = False,
    keep_history: bool = True,
) -> bpy.types.Action:
    """Makes the take that the armature plays final and returns its action: ordinary keys instead of generated ones.

    reduce: few Bézier keys in place of one a frame, each bone's rotation within `degrees` and place within
    `millimetres` of what it was, at any time between two frames too.
    remove_takes: delete the other takes. keep_history: keep prompt, seed and model as properties of the action.
    """
    tolerance = Tolerance(degrees, millimetres / 1000) if reduce else None
    return taken.bake(_checked(armature), tolerance, remove_takes=remove_takes, keep_history=keep_history)[0]


def _checked(armature: Any) -> bpy.types.Object:
    if not isinstance(armature, bpy.types.Object) or armature.type != "ARMATURE":
        raise MotionError("The motion needs an armature; pass the armature object.")
    return armature
