"""The add-on for scripts: what the panel does, but it waits for the result and raises `MotionError`.

    from mdm_blender import api          # bl_ext.user_default.mdm_blender in an installed add-on
    actions = api.generate(bpy.context.object, "a person waves", seconds=4)

Nothing here needs the add-on to be enabled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy

from mdm_core.errors import Cancelled, MotionError
from mdm_core.generator import Request
from mdm_core.motion import Motion

from . import jobs, process, rig
from .apply import DEFAULTS, ApplyOptions, check
from .generation import Generation
from .preferences import WorkerSettings, worker_settings
from .takes import add as add_takes

__all__ = ["ApplyOptions", "Cancelled", "MotionError", "detect", "generate"]

POLL_SECONDS = 0.005


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
    options: ApplyOptions = DEFAULTS,
    settings: WorkerSettings | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> list[bpy.types.Action]:
    """Generates a motion and puts it on the armature; one action a take, the first assigned. Blocks until it is done.

    frame_start: the scene frame of the motion's first; the current one if None.
    seed: take k is made with seed + k.
    guidance, steps: the model's own if None.
    options: how it is put on the rig: root motion, feet, hands, IK controls, and which action gets the keys.
    settings: model, engine, device and Python; the add-on's preferences if None.
    on_step: called with (step, steps); raise `Cancelled` in it to stop.

    Raises `MotionError` with a sentence for whatever can't be done, before anything is changed.
    """
    check(_checked(armature), options)
    start = float(bpy.context.scene.frame_current) if frame_start is None else frame_start
    request = Request((prompt,), seconds=seconds, seed=seed, takes=takes, guidance=guidance, steps=steps)
    motions = _wait_for(request, settings or worker_settings(), on_step)
    return add_takes(armature, motions, frame_start=start, options=options)


def _checked(armature: Any) -> bpy.types.Object:
    if not isinstance(armature, bpy.types.Object) or armature.type != "ARMATURE":
        raise MotionError("The motion needs an armature; pass the armature object.")
    return armature


def _wait_for(request: Request, settings: WorkerSettings, on_step: Callable[[int, int], None] | None) -> list[Motion]:
    if jobs.controller.busy:
        raise MotionError("A motion is being generated already; wait for it or cancel it.")
    client = process.connect(settings.python)
    generation = Generation(client, request, model=settings.model, engine=settings.engine, device=settings.device)
    try:
        while not generation.done:
            if generation.poll() and on_step is not None and generation.step:
                on_step(generation.step, generation.steps)
            time.sleep(POLL_SECONDS)
    except BaseException:
        generation.cancel()
        raise
    if generation.motions is None:
        raise MotionError(
            generation.failure.message if generation.failure else "The generation ended without a motion."
        )
    return generation.motions
