"""The one job of Blender's window: started by an operator, driven by a timer, applied as one undo step.

Nothing of it is saved in the .blend, and it holds no reference to Blender's data between two ticks: undo and
file loading invalidate those. Scripts that wait for their result use `api` instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

import bpy
from bpy.app.handlers import persistent

from mdm_core.errors import MotionError
from mdm_core.generator import Request
from mdm_core.motion import Motion

from . import process, scene, takes
from .apply import DEFAULTS, ApplyOptions
from .generation import Edit, Failure, Generation
from .preferences import WorkerSettings, worker_settings

TICK_SECONDS = 0.1
POLL_SECONDS = 0.005


class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    HOLDING = auto()
    """The motion is there and waits until the user has finished what can't be interrupted."""


class Goal(Protocol):
    """Where motions go and how, by what outlives undo: session ids, numbers, arrays."""

    @property
    def scene(self) -> int: ...
    @property
    def armature(self) -> int: ...
    @property
    def name(self) -> str: ...

    def put(self, armature: Any, motions: list[Motion]) -> list[bpy.types.Action]:
        """Writes the motions to the armature object, the first to be played."""
        ...


@dataclass(frozen=True)
class Target:
    """The goal of a generation: new actions from a frame on."""

    scene: int
    armature: int
    name: str
    frame: float
    options: ApplyOptions = DEFAULTS

    def put(self, armature: Any, motions: list[Motion]) -> list[bpy.types.Action]:
        return takes.add(armature, motions, frame_start=self.frame, options=self.options)


class Controller:
    """The job's state; the panel draws it as it is. `failure` stays until the next start."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.failure: Failure | None = None
        self.generation: Generation | None = None
        self._target: Goal | None = None

    @property
    def busy(self) -> bool:
        return self.state is not State.IDLE

    @property
    def hold_reason(self) -> str:
        return "" if self._target is None else scene.why_not_now(self._target.armature)

    def start(self, wanted: Request | Edit, target: Goal, settings: WorkerSettings) -> None:
        """Sends what is wanted to the worker and returns; a `MotionError` if there can be no worker."""
        if self.busy:
            raise MotionError("A motion is being generated already; wait for it or cancel it.")
        self.failure = None
        client = process.connect(settings.python)
        self.generation = Generation(
            client, wanted, model=settings.model, engine=settings.engine, device=settings.device
        )
        self._target = target
        self.state = State.RUNNING
        if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)

    def cancel(self) -> None:
        """Stops the job at once, for the user; the worker stops at its next step."""
        if self.generation is not None:
            self.generation.cancel()
        self._become_idle()

    def reset(self) -> None:
        """As if nothing had ever run."""
        self.cancel()
        self.failure = None

    def fail(self, failure: Failure) -> None:
        self.failure = failure
        self._become_idle()

    def wait(self) -> None:
        """Blocks until the job is over, for background mode; Ctrl-C cancels it."""
        try:
            while self.tick() is not None:
                time.sleep(TICK_SECONDS / 20)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def tick(self) -> float | None:
        """One look at the worker: seconds until the next, or None when there is nothing left to do."""
        if self.generation is None:
            return None
        if self.generation.poll():
            scene.redraw_panels()
        if self.generation.failure is not None:
            self.fail(self.generation.failure)
        elif self.generation.motions is not None:
            self._finish()
        return TICK_SECONDS if self.busy else None

    def apply(self, context: Any) -> list[bpy.types.Action]:
        """Writes the motion that is there to its armature; called by the operator that makes it one undo step."""
        if self.generation is None or self.generation.motions is None or self._target is None:
            raise MotionError("There is no motion to apply; generate one first.")
        motions, target = self.generation.motions, self._target
        self._become_idle()
        actions = target.put(scene.armature(target.armature, target.name), motions)
        remember_seed(context, motions)
        return actions

    def _finish(self) -> None:
        assert self._target is not None
        if scene.why_not_now(self._target.armature):
            if self.state is not State.HOLDING:
                self.state = State.HOLDING
                scene.redraw_panels()
            return
        try:
            ops: Any = bpy.ops
            with scene.shown(self._target.scene):
                # The second argument asks for an undo step, which Blender leaves out of calls from Python.
                ops.mdm.apply_result("EXEC_DEFAULT", True)
        except (MotionError, RuntimeError) as error:
            self.fail(self.failure or Failure(str(error).strip()))

    def _become_idle(self) -> None:
        self.state = State.IDLE
        self.generation = None
        self._target = None
        scene.redraw_panels()


controller = Controller()


def run(wanted: Request | Edit, target: Goal) -> None:
    """Starts the job; in background mode it returns when all is done, MotionError where nothing came of it."""
    controller.start(wanted, target, worker_settings())
    if bpy.app.background:
        controller.wait()
        if controller.failure is not None:
            raise MotionError(controller.failure.message)


def _tick() -> float | None:
    """The timer: one function for every job, so that a job which follows a cancelled one does not start a second."""
    return controller.tick()


def wait_for(
    wanted: Request | Edit, settings: WorkerSettings, on_step: Callable[[int, int], None] | None = None
) -> list[Motion]:
    """The motions, for scripts: blocks until they are there, without the controller. Raises MotionError.

    on_step: called with (step, steps); what it raises stops the worker and goes on to the caller.
    """
    if controller.busy:
        raise MotionError("A motion is being generated already; wait for it or cancel it.")
    client = process.connect(settings.python)
    generation = Generation(client, wanted, model=settings.model, engine=settings.engine, device=settings.device)
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


def remember_seed(context: Any, motions: list[Motion]) -> None:
    """Shows the seed that a random one turned out to be, so that turning randomness off repeats the motion."""
    settings = context.scene.mdm
    if settings.use_random_seed and motions[0].seed is not None:
        settings.seed = motions[0].seed


@persistent
def drop_on_load(*_: object) -> None:
    """Another file is about to be opened: its armatures are not the one that the motion was for."""
    controller.reset()
