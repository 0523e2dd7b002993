"""What every operator here shares: errors become one sentence in the report and in the panel."""

from __future__ import annotations

import traceback
from typing import Any

import bpy

from mdm_core.errors import MotionError

from .. import jobs
from ..generation import Failure


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
