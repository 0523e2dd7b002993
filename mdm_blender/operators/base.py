"""What operators here share: errors become one sentence in the report and in the panel; what a job needs to begin."""

from __future__ import annotations

import random
import traceback
from typing import Any

import bpy

from mdm_core.errors import MotionError

from .. import jobs, scene
from ..generation import Failure
from ..properties import MAX_SEED, MDM_PG_settings


class MotionOperator(bpy.types.Operator):
    """Subclasses do their work in `run` and raise; `MotionError` is the user's, anything else is ours."""

    bl_options = {"REGISTER"}

    def execute(self, context: Any) -> set[Any]:
        try:
            self.run(context)
        except MotionError as error:
            return self._failed(Failure(str(error)))
        except Exception as error:
            message = f"MDM failed ({type(error).__name__}: {error}); please report it with the copied details."
            return self._failed(Failure(message, traceback.format_exc()))
        return {"FINISHED"}

    def run(self, context: Any) -> None:
        raise NotImplementedError

    def _failed(self, failure: Failure) -> set[Any]:
        jobs.controller.fail(failure)
        self.report({"ERROR"}, failure.message)
        return {"CANCELLED"}


class JobOperator(MotionOperator):
    """Starts a job in the worker, of which there is one at a time."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        if jobs.controller.busy:
            cls.poll_message_set("A motion is being generated already")
            return False
        return True


def free_armature(context: Any) -> Any:
    """The active armature, whose action can be written now; a `MotionError` where there is none, or it cannot."""
    armature = scene.needed_armature(context)
    if reason := scene.why_not_now(armature.session_uid):
        raise MotionError(f"An action can't be written now: {reason} first.")
    return armature


def chosen_seed(settings: MDM_PG_settings) -> int:
    """The panel's seed, or a random one where it says so."""
    return random.SystemRandom().randint(0, MAX_SEED) if settings.use_random_seed else settings.seed
