"""From a motion to the local values of a rig's bones, in NumPy alone. Keys are written by `keys`."""

from __future__ import annotations

from .to_rig import to_rig
from .tracks import PoseTracks

__all__ = ["PoseTracks", "to_rig"]
