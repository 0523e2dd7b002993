"""Rigs: reading an armature once, and finding which bone plays which SMPL joint. Retargeting is `retarget`."""

from __future__ import annotations

from typing import Any

from .detection import best_map
from .read import read
from .rig_map import RigMap, Switch
from .snapshot import Bone, BoneConstraint, RigSnapshot

__all__ = ["Bone", "BoneConstraint", "RigMap", "RigSnapshot", "Switch", "detect", "read"]


def detect(armature: Any) -> RigMap:
    """The map of an armature object (or of a RigSnapshot). Raises MotionError when it has no hip or legs.

    Where the user edited the mapping, that is the map.
    """
    return best_map(armature if isinstance(armature, RigSnapshot) else read(armature))
