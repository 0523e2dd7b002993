"""The errors that a user can cause. Their text is one sentence that says what happened and what to do."""

from __future__ import annotations


class MotionError(Exception):
    """Something a person can put right: the message is shown as it is, without a traceback."""


class Cancelled(Exception):
    """The job was cancelled between two denoising steps; nothing was made."""
