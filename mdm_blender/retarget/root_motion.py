"""What carries the body over the ground: the path and heading that a root bone or the object takes over from the hips.

All of it in the source's axes (Y up) and the rig's units. Putting it on bones is `to_rig`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import FORWARD, UP, smooth
from mdm_core.errors import MotionError
from mdm_core.rotations import from_axis_angle, inverse, multiply, rotate

from ..rig import RigMap, RigSnapshot
from .posing import FOLLOWED

Array = NDArray[np.floating]

RootMotion = Literal["hips", "root", "object", "in_place"]
"""The hips' own bone, the rig's root bone, the armature object, or nothing at all."""

CALM = 0.25
"""Seconds (Gaussian): the path goes on evenly where the hips sway and swing from step to step."""


@dataclass(frozen=True)
class Travel:
    """A rigid motion over the ground: turned by `heading` [T, 4] about the origin, then moved by `place` [T, 3]."""

    heading: Array
    place: Array

    def points(self, points: Array) -> Array:
        """Points [T, 3] or [3] that rest, where the travel has brought them."""
        return rotate(self.heading, np.broadcast_to(points, self.place.shape)) + self.place

    def removed(self, points: Array) -> Array:
        """Points [T, 3] seen from what travels."""
        return rotate(inverse(self.heading), points - self.place)

    def without_turn(self, turn: Array) -> Array:
        """Turns [T, 4] seen from what travels."""
        return multiply(inverse(self.heading), turn)


def travel_of(hips: Array, pelvis: Array, rest_hips: Array, fps: float) -> Travel:
    """The even path under the hips. hips: [T, 3], their middle; pelvis: turns [T, 4]; rest_hips: [3], at rest."""
    forward = rotate(pelvis, FORWARD)
    yaw = even(np.unwrap(np.arctan2(forward[:, 0], forward[:, 2])), fps)
    heading = from_axis_angle(UP, yaw)
    return _ending_at(even(hips, fps), heading, rest_hips)


def in_place_of(hips: Array, rest_hips: Array, fps: float) -> Travel:
    """The same path without the heading: what is taken away for a motion on the spot."""
    return _ending_at(even(hips, fps), np.array([[1.0, 0.0, 0.0, 0.0]]).repeat(len(hips), axis=0), rest_hips)


def _ending_at(path: Array, heading: Array, rest_hips: Array) -> Travel:
    ground = np.array([1.0, 0.0, 1.0])
    return Travel(heading, ground * (path - rotate(heading, np.broadcast_to(rest_hips, path.shape))))


def even(values: Array, fps: float) -> Array:
    """Values [T, ...] averaged over CALM; beyond the ends they go on straight."""
    reach = int(np.ceil(3 * CALM * fps))
    if len(values) < 3:
        return values
    step = max(1, min(round(CALM * fps), len(values) - 1))
    away = np.arange(1, reach + 1).reshape(-1, *([1] * (values.ndim - 1)))
    before = values[:1] - away[::-1] * (values[step] - values[0]) / step
    after = values[-1:] + away * (values[-1] - values[-1 - step]) / step
    return smooth(np.concatenate([before, values, after]), CALM * fps)[reach:-reach]


def root_bone(rig: RigSnapshot, rig_map: RigMap) -> str:
    """The outermost bone that carries the whole body. Raises MotionError where the hips' bone is that itself."""
    outermost = [
        name for name in _above(rig, rig_map.carrier) if rig.bones[name].parent is None and not _driven(rig, name)
    ]
    if not outermost:
        raise MotionError(
            f"“{rig.name}” has no root bone above “{rig_map.carrier}”: choose hips, object or in place for its "
            "root motion."
        )
    return outermost[0]


def _above(rig: RigSnapshot, name: str) -> Iterator[str]:
    """Everything that carries a bone, near ones first: parents, and what constraints make its parent."""
    seen = {name}
    queue = [name]
    for bone in queue:
        for above in _carriers(rig, bone):
            if above not in seen:
                seen.add(above)
                queue.append(above)
                yield above


def _carriers(rig: RigSnapshot, name: str) -> list[str]:
    bone = rig.bones[name]
    targets = [target for c in bone.constraints if c.plain and c.kind in FOLLOWED for target, _ in c.targets]
    return [*([bone.parent] if bone.parent else []), *targets]


def _driven(rig: RigSnapshot, name: str) -> bool:
    return any(constraint.kind in FOLLOWED for constraint in rig.bones[name].constraints)
