"""Whether feet that stand stay where they are while keys are taken away: their joints before and after, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..retarget.posing import Posing, compose
from ..retarget.tracks import PoseSamples
from ..rig.rig_map import RigMap
from ..rig.snapshot import RigSnapshot

Array = NDArray[np.floating]
FEET = ("left_ankle", "left_foot", "right_ankle", "right_foot")
"""Joints whose contacts are kept, in the order of `mdm_core.skeleton.FEET`."""


@dataclass(frozen=True)
class Planted:
    """Which frames [T] each joint of FEET stands in; unit: metres of a unit of the armature's space."""

    rig: RigSnapshot
    rig_map: RigMap
    standing: NDArray[np.bool_]
    unit: float

    def chain(self, side: str) -> set[str]:
        """Bones whose turning or moving moves that foot, as far as the map knows them."""
        joints = ("pelvis", "spine1", f"{side}_hip", f"{side}_knee", f"{side}_ankle")
        known = {self.rig_map.bones[joint] for joint in joints if joint in self.rig_map.bones}
        return known | {self.rig_map.carrier}

    def places(self, samples: PoseSamples) -> Array:
        """Where the joints of FEET are in armature space, [4, T, 3]; the ball of a foot without toes is its tail."""
        posing = Posing(self.rig, {}, basis=_basis(samples))
        count = self.standing.shape[1]
        found: list[Array] = []
        for joint in FEET:
            bone = self.rig_map.bones.get(joint)
            place = self._tail(posing, joint) if bone is None else posing.pose(bone)[..., :3, 3]
            found.append(np.broadcast_to(place, (count, 3)))
        return np.array(found)

    def _tail(self, posing: Posing, joint: str) -> Array:
        side = joint.partition("_")[0]
        name = self.rig_map.bones.get(f"{side}_ankle", self.rig_map.bones[f"{side}_knee"])
        bone = self.rig.bones[name]
        tail = np.linalg.inv(bone.rest) @ np.append(bone.tail, 1.0)
        return (posing.pose(name) @ tail)[..., :3]

    def errors(self, before: Array, after: Array) -> dict[str, Array]:
        """Side -> metres [T] by which its standing joints moved away; 0 where it does not stand."""
        off = np.linalg.norm(after - before, axis=-1) * self.unit * self.standing
        return {"left": off[:2].max(axis=0), "right": off[2:].max(axis=0)}


def _basis(samples: PoseSamples) -> Mapping[str, Array]:
    return {
        name: compose(rotation, samples.locations[name], np.cbrt(np.prod(np.abs(samples.scales[name]), axis=-1)))
        for name, rotation in samples.rotations.items()
    }


def standing_at(frames: Array, intervals: list[list[list[float]]]) -> NDArray[np.bool_]:
    """[4, T]: whether each joint stands at the frames [T], from [first, last] stretches a joint."""
    result = np.zeros((len(FEET), len(frames)), dtype=np.bool_)
    for joint, stretches in enumerate(intervals):
        for first, last in stretches:
            result[joint] |= (frames >= first - 1e-3) & (frames <= last + 1e-3)
    return result
