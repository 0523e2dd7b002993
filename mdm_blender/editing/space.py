"""Places in Blender's world and in that of a motion on the model's skeleton: one to the other, NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import BONE_LENGTHS, INDEX

from ..retarget import RootMotion
from ..retarget.rest import read_rest
from ..retarget.root_motion import root_bone
from ..retarget.stand import Stand, stand_of
from ..rig import RigMap, RigSnapshot

Array = NDArray[np.floating]
LEGS = [INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")]


@dataclass(frozen=True)
class Space:
    """How a rig stands in the world. world: its object's matrix [4, 4]; floor: rig units; scale: metres of the motion
    in one unit of the rig (`retarget.to_rig` goes by the same)."""

    world: Array
    stand: Stand
    floor: float
    scale: float

    @property
    def metre(self) -> float:
        """Length in the world, along the rig, of one metre of the motion."""
        return float(np.linalg.norm(self.world[:3, :3], axis=0).mean()) / self.scale

    def to_motion(self, points: Array) -> Array:
        """World places [..., 3] in the motion: metres, Y up, the ground at 0."""
        inverted = np.linalg.inv(self.world)
        own = self.stand.point_back(points @ inverted[:3, :3].T + inverted[:3, 3])
        return self.scale * (own - [0.0, self.floor, 0.0])

    def to_world(self, points: Array) -> Array:
        """The inverse of `to_motion`."""
        own = self.stand.point(np.asarray(points, dtype=np.float64) / self.scale + [0.0, self.floor, 0.0])
        return own @ self.world[:3, :3].T + self.world[:3, 3]


def space_of(rig: RigSnapshot, rig_map: RigMap, root_motion: RootMotion = "hips") -> Space:
    """The space of a rig whose motion travels on `root_motion`. Raises MotionError as `read_rest` and `root_bone`."""
    rest = read_rest(rig, rig_map)
    moved = root_bone(rig, rig_map) if root_motion == "root" else rig_map.carrier
    leg = float(np.sum(BONE_LENGTHS[LEGS])) / 2
    return Space(rig.world, stand_of(rig, moved, rest), rest.floor, leg / rest.leg)
