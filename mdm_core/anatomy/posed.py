"""A body built from how its parts are turned: the inverse of `parts`. Bone lengths are given, no ground is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.body import Body
from mdm_core.anatomy.frames import FORWARD, LEFT, UP, sagittal
from mdm_core.anatomy.parts import SIDES, SIGN, standing_collar, torso_turns
from mdm_core.rotations import inverse, multiply, rotate
from mdm_core.skeleton import INDEX, JOINTS, PARENTS

Array = NDArray[np.floating]

CARRIED = {
    "spine1": "pelvis", "left_hip": "pelvis", "right_hip": "pelvis", "spine2": "spine1", "spine3": "spine2",
    "neck": "spine3", "left_collar": "spine3", "right_collar": "spine3", "head": "neck",
    "left_shoulder": "left_collar", "right_shoulder": "right_collar",
}  # fmt: skip
"""Joint -> the part whose turn carries the bone that ends there."""
FEET = {"left_foot": "left_ankle", "right_foot": "right_ankle"}


def standing_directions(body: Body) -> dict[str, Array]:
    """Joint -> unit direction [3] of the bone that ends there when the body stands upright, of torso and feet."""
    directions = {
        "spine2": sagittal(body.spine),
        "spine3": sagittal(body.spine_top),
        "neck": sagittal(body.chest),
        "head": sagittal(body.head),
    }
    for side in SIDES:
        directions[f"{side}_hip"] = aside(side, -body.hip_down, body.hip_back)
        directions[f"{side}_collar"] = aside(side, body.clavicle_up, body.clavicle_back)
        directions[f"{side}_shoulder"] = standing_collar(side, body)
        down = np.radians(body.foot_down)
        directions[f"{side}_foot"] = np.cos(down) * FORWARD - np.sin(down) * UP
    return directions


def aside(side: str, up: float, back: float) -> Array:
    """The unit direction [3] to a side, so many degrees above level and behind."""
    rise, rear = np.radians(up), np.radians(back)
    level = SIGN[side] * np.cos(rear) * LEFT - np.sin(rear) * FORWARD
    return np.cos(rise) * level + np.sin(rise) * UP


def standing(body: Body, lengths: Array) -> Array:
    """The body [22, 3] standing in a T-pose, pelvis at the origin; lengths: [22] metres from each joint's parent."""
    directions = standing_directions(body)
    middle = np.mean([directions[f"{side}_hip"] * lengths[INDEX[f"{side}_hip"]] for side in SIDES], axis=0)
    directions["spine1"] = _from(middle, sagittal(body.pelvis), float(lengths[INDEX["spine1"]]))
    for side in SIDES:
        directions |= {f"{side}_{joint}": -UP for joint in ("knee", "ankle")}
        directions |= {f"{side}_{joint}": SIGN[side] * LEFT for joint in ("elbow", "wrist")}
    pose = np.zeros((JOINTS, 3))
    for name, joint in INDEX.items():
        if joint:
            pose[joint] = pose[PARENTS[joint]] + directions[name] * lengths[joint]
    return pose


def _from(point: Array, way: Array, length: float) -> Array:
    """The unit direction from the origin to where the ray from `point` along `way` is `length` away."""
    along = float(point @ way)
    reach = np.sqrt(max(length**2 - float(point @ point) + along**2, 0.0)) - along
    return (point + reach * way) / np.linalg.norm(point + reach * way)


def posed(turns: Mapping[str, Array], limbs: Mapping[str, Array], body: Body, lengths: Array) -> Array:
    """Positions [T, 22, 3], pelvis at the origin.

    turns: pelvis to head, collars and ankles -> turn since standing [T, 4]; limbs: hips, knees, shoulders, elbows ->
    direction [T, 3] of the bone that starts there.
    """
    upright = standing(body, lengths)
    # Where a body's numbers are rounded, what `parts` reads from it standing is not quite nothing.
    read = {joint: turn[0] for joint, turn in torso_turns(upright[None], body).items()}
    positions = np.zeros((len(turns["pelvis"]), JOINTS, 3))
    for name, joint in INDEX.items():
        if joint == 0:
            continue
        parent = PARENTS[joint]
        offset = upright[joint] - upright[parent]
        carrier = CARRIED.get(name)
        if carrier is not None:
            turn = multiply(turns[carrier], inverse(read[carrier])) if carrier in read else turns[carrier]
            offset = rotate(turn, offset)
        elif name in FEET:
            offset = rotate(turns[FEET[name]], offset)
        else:
            start = next(start for start in limbs if INDEX[start] == parent)
            offset = lengths[joint] * limbs[start]
        positions[:, joint] = positions[:, parent] + offset
    return positions
