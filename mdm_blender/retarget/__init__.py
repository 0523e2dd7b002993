"""From a motion to the local values of a rig's bones, in NumPy alone. Keys are written by `keys`."""

from __future__ import annotations

from .delta import delta
from .from_rig import carried_by, from_rig
from .measures import Measures, measure
from .root_motion import RootMotion
from .to_rig import to_rig
from .tracks import PoseSamples, PoseTracks

__all__ = [
    "Measures",
    "PoseSamples",
    "PoseTracks",
    "RootMotion",
    "carried_by",
    "delta",
    "from_rig",
    "measure",
    "to_rig",
]
