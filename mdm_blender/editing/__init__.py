"""Edits of an armature's action: which stretch, what of it changes, and the F-curves that result. `mdm_core.editing`
makes the motion; here it is read from the rig and written back, and nothing else of the action is touched."""

from __future__ import annotations

from .plan import Ask, Plan, prepare
from .write import write

__all__ = ["Ask", "Plan", "prepare", "write"]
