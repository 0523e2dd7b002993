"""The last failure: copied for a report, or put away."""

from __future__ import annotations

import platform
from typing import Any

import bpy

from .. import jobs
from ..generation import Failure
from .base import MotionOperator


class FailureOperator(MotionOperator):
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return jobs.controller.failure is not None


class MDM_OT_copy_failure(FailureOperator):
    """Copy this message with its details, to paste into a report"""

    bl_idname = "mdm.copy_failure"
    bl_label = "Copy"

    def run(self, context: Any) -> None:
        if jobs.controller.failure is not None:
            context.window_manager.clipboard = failure_text(jobs.controller.failure)


class MDM_OT_dismiss_failure(FailureOperator):
    """Put this message away"""

    bl_idname = "mdm.dismiss_failure"
    bl_label = "Dismiss"

    def run(self, context: Any) -> None:
        jobs.controller.failure = None


def failure_text(failure: Failure) -> str:
    """The sentence, the versions that it happened with, and the end of the log."""
    versions = f"Blender {bpy.app.version_string}, Python {platform.python_version()}, {platform.platform()}"
    return "\n\n".join(part for part in (failure.message, versions, failure.detail) if part)


CLASSES: tuple[type, ...] = (MDM_OT_copy_failure, MDM_OT_dismiss_failure)
