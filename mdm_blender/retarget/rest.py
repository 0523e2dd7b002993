"""The rig at rest, seen as the source is: Y up, +Z forward, +X left, its own unit of length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import UP, along
from mdm_core.anatomy.hinges import rest_hinge
from mdm_core.errors import MotionError
from mdm_core.rotations import from_axis_angle, from_matrix, normalize

from ..rig import RigMap, RigSnapshot

Array = NDArray[np.floating]

LIMBS: tuple[tuple[str, str, str], ...] = tuple(
    (f"{side}_{start}", f"{side}_{middle}", f"{side}_{end}")
    for side in ("left", "right")
    for start, middle, end in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
)
"""The joints of each limb; the middle one is the hinge."""


@dataclass(frozen=True)
class RigRest:
    """axes: quaternion [4] from the source's frame to armature space. heads: joint -> rest position [3], source frame.

    limbs: joint -> rest frame [4] (`frames.along`); feet: side -> yaw [4] of the foot; floor: height of the
    ground; leg: length of thigh and shin, mean of both sides. bones: joint -> bone, and ends: joint that has no bone ->
    the bone whose tail stands for it, and the tail in that bone's axes, [3].
    """

    axes: Array
    heads: Mapping[str, Array]
    limbs: Mapping[str, Array]
    feet: Mapping[str, Array]
    floor: float
    leg: float
    bones: Mapping[str, str]
    ends: Mapping[str, tuple[str, Array]]


def read_rest(rig: RigSnapshot, rig_map: RigMap) -> RigRest:
    """Measures the rig's rest pose. Raises MotionError when the legs have no length or no direction."""
    bones = rig_map.bones
    points = {joint: rig.bones[bone].head for joint, bone in bones.items()}
    ends = {joint: bone for side in ("left", "right") for joint, bone in _ends(bones, side)}
    points |= {joint: rig.bones[bone].tail for joint, bone in ends.items()}
    matrix = _axes(rig.name, points)
    heads: dict[str, Array] = {joint: point @ matrix for joint, point in points.items()}
    leg = _leg_length(heads)
    if leg < 1e-6:
        raise MotionError(f"The legs of “{rig.name}” have no length at rest: apply or repair its rest pose.")
    for joint in ends.keys() & {"left_foot", "right_foot"}:
        heads[joint] = _ball(heads[joint.replace("foot", "ankle")], heads[joint], leg)
    limbs: dict[str, Array] = {}
    for start, middle, end in LIMBS:
        if start in bones and middle in bones and end in heads:
            upper, lower = normalize(heads[middle] - heads[start]), normalize(heads[end] - heads[middle])
            axis = rest_hinge(middle, upper, lower)
            limbs |= {start: along(upper, axis), middle: along(lower, axis)}
    feet: dict[str, Array] = {}
    for side in ("left", "right"):
        if f"{side}_foot" in heads and f"{side}_ankle" in heads:
            way = heads[f"{side}_foot"] - heads[f"{side}_ankle"]
            feet[side] = from_axis_angle(UP, np.arctan2(way[0], way[2]))
    tails = {
        joint: (bone, (np.linalg.inv(rig.bones[bone].rest) @ np.append(matrix @ heads[joint], 1.0))[:3])
        for joint, bone in ends.items()
    }
    floor = _floor(heads, leg)
    return RigRest(from_matrix(matrix), heads, limbs, feet, floor, leg, bones, tails)


def _ends(bones: Mapping[str, str], side: str) -> list[tuple[str, str]]:
    """Where a limb's last joint has no bone of its own, the tail of the bone before stands for it: (joint, bone)."""
    pairs = (("ankle", "knee"), ("wrist", "elbow"), ("foot", "ankle"))
    return [
        (f"{side}_{joint}", bones[f"{side}_{before}"])
        for joint, before in pairs
        if f"{side}_{joint}" not in bones and f"{side}_{before}" in bones
    ]


def _axes(name: str, points: Mapping[str, Array]) -> Array:
    """Columns left, up, forward of the character in armature space; along the space's own axes where nearly so."""
    hips = (points["left_hip"] + points["right_hip"]) / 2
    feet = (points["left_ankle"] + points["right_ankle"]) / 2
    top = next((points[joint] for joint in ("head", "neck", "spine3") if joint in points), hips)
    left = points["left_hip"] - points["right_hip"]
    up = top - feet
    if not np.any(left) or not np.any(up):
        raise MotionError(f"The hips of “{name}” are in one place at rest: apply or repair its rest pose.")
    up = _snapped(normalize(up), 35.0)
    left = _snapped(normalize(left - (left @ up) * up), 35.0)
    left = normalize(left - (left @ up) * up)
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _snapped(direction: Array, degrees: float) -> Array:
    axis = int(np.argmax(np.abs(direction)))
    nearest = np.zeros(3)
    nearest[axis] = np.sign(direction[axis])
    return nearest if direction @ nearest > np.cos(np.radians(degrees)) else direction


def _leg_length(heads: Mapping[str, Array]) -> float:
    lengths = [
        np.linalg.norm(heads[f"{side}_knee"] - heads[f"{side}_hip"])
        + np.linalg.norm(heads[f"{side}_ankle"] - heads[f"{side}_knee"])
        for side in ("left", "right")
    ]
    return float(np.mean(lengths))


def _ball(ankle: Array, tail: Array, leg: float) -> Array:
    """Where the ball of a foot without toes is: its tail, if that lies before and below the ankle; importers guess."""
    way = tail - ankle
    forward = way[2] > 0.5 * np.linalg.norm(way) and way[1] < 0 and 0.08 * leg < np.linalg.norm(way) < 0.4 * leg
    return tail if forward else ankle + leg * np.array([0.0, -0.07, 0.17])


def _floor(heads: Mapping[str, Array], leg: float) -> float:
    """The height the rig stands on: its origin if the feet are near it, else just below its lowest foot joint."""
    lowest = min(float(point[1]) for joint, point in heads.items() if joint.endswith(("_ankle", "_foot")))
    return 0.0 if -0.05 * leg < lowest < 0.15 * leg else lowest - 0.01 * leg
