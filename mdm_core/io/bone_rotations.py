"""World rotations of SMPL-22 bones from joint positions, against a T-pose. For files; rigs have `retarget`.

Positions fix where a bone points but not how it is turned about itself. That turn is anatomical (`mdm_core.anatomy`):
the pelvis from hips and spine, the chest from shoulders and neck, limbs from the axis of elbow and knee.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.anatomy.frames import across, along
from mdm_core.anatomy.hinges import T_POSE, carried_hinge
from mdm_core.anatomy.parts import LIMBS, SIDES, pelvis_frame, segment, since
from mdm_core.skeleton import INDEX, JOINTS, PARENTS

Array = NDArray[np.floating[Any]]

PELVIS, CHEST = INDEX["pelvis"], INDEX["spine3"]


def _rest_directions() -> Array:
    left: dict[str, tuple[float, float, float]] = {
        "left_hip": (0.56, -0.83, 0.0),
        "left_knee": (0.0, -1.0, 0.0),
        "left_ankle": (0.0, -1.0, 0.0),
        "left_foot": (0.0, -0.42, 0.91),
        "left_collar": (0.55, 0.83, 0.0),
        "left_shoulder": (0.94, 0.34, 0.0),
        "left_elbow": (1.0, 0.0, 0.0),
        "left_wrist": (1.0, 0.0, 0.0),
    }
    directions = np.zeros((JOINTS, 3))
    directions[[INDEX[name] for name in ("spine1", "spine2", "spine3", "neck")]] = (0.0, 1.0, 0.0)
    directions[INDEX["head"]] = (0.0, 0.9, 0.44)
    for name, direction in left.items():
        directions[INDEX[name]] = direction
        directions[INDEX[name.replace("left", "right")]] = np.array(direction) * [-1, 1, 1]
    return rotations.normalize(directions)


REST_DIRECTIONS: Array = _rest_directions()
"""The T-pose: unit direction [22, 3] of the bone that ends at each joint. Facing +Z, arms along x, palms down."""


def bone_rotations(positions: Array, fps: float = 20.0) -> tuple[Array, Array]:
    """The rotation [T, 22, 4] of each bone (named by the joint where it ends) and of the chest [T, 4].

    positions: [T, 22, 3] at `fps`. Entry 0 is the pelvis. Every rotation turns the rest direction of its bone
    exactly onto the direction in `positions`, whatever the bone lengths.
    """
    positions = np.asarray(positions, dtype=np.float64)
    parents = np.array(PARENTS[1:])
    directions = np.zeros_like(positions)
    directions[:, 1:] = rotations.normalize(positions[:, 1:] - positions[:, parents])
    directions = np.where(np.any(directions != 0, axis=-1, keepdims=True), directions, REST_DIRECTIONS)

    rest = rest_pose(mean_bone_lengths(positions))[None]
    chest = since(_chest(positions), _chest(rest))
    result = np.empty((*positions.shape[:2], 4))
    result[:, PELVIS] = since(_pelvis(positions), _pelvis(rest))
    for joint in (INDEX["left_hip"], INDEX["right_hip"], INDEX["spine1"]):
        result[:, joint] = aimed(result[:, PELVIS], joint, directions)
    for joint, share in ((INDEX["spine2"], 1 / 3), (INDEX["spine3"], 2 / 3)):
        between = rotations.slerp(result[:, PELVIS], chest, np.full((len(chest), 1), share))
        result[:, joint] = aimed(between, joint, directions)
    for joint in (INDEX["neck"], INDEX["left_collar"], INDEX["right_collar"]):
        result[:, joint] = aimed(chest, joint, directions)
    for joint in (INDEX["head"], INDEX["left_shoulder"], INDEX["right_shoulder"]):
        result[:, joint] = aimed(result[:, PARENTS[joint]], joint, directions)
    for side in SIDES:
        for limb, trunk in (("arm", chest), ("leg", result[:, PELVIS])):
            _, middle, end = (f"{side}_{joint}" for joint in LIMBS[limb])
            upper, lower = directions[:, INDEX[middle]], directions[:, INDEX[end]]
            axis = carried_hinge(middle, upper, lower, trunk, (0.0, 0.0), fps)
            result[:, INDEX[middle]] = since(along(upper, axis), along(*T_POSE[middle]))
            result[:, INDEX[end]] = aimed(result[:, INDEX[middle]], INDEX[end], directions)
    for joint in (INDEX["left_foot"], INDEX["right_foot"]):
        result[:, joint] = aimed(result[:, PARENTS[joint]], joint, directions)
    return result, chest


def mean_bone_lengths(positions: Array) -> Array:
    """Metres from parent to joint, mean over the frames of [T, 22, 3]: [22], 0 for the pelvis."""
    bones = positions[:, 1:] - positions[:, np.array(PARENTS[1:])]
    return np.append(0.0, np.linalg.norm(bones.astype(np.float64), axis=-1).mean(axis=0))


def rest_pose(lengths: Array) -> Array:
    """The T-pose [22, 3] with these bone lengths [22], pelvis at the origin."""
    pose = np.zeros((JOINTS, 3))
    for joint in range(1, JOINTS):
        pose[joint] = pose[PARENTS[joint]] + REST_DIRECTIONS[joint] * lengths[joint]
    return pose


def aimed(rotation: Array, joint: int, directions: Array) -> Array:
    """`rotation` [T, 4] with the least further turn that points the bone ending at `joint` along `directions`."""
    now = rotations.rotate(rotation, np.broadcast_to(REST_DIRECTIONS[joint], rotation[..., 1:].shape))
    return rotations.multiply(rotations.between(now, directions[:, joint]), rotation)


def _pelvis(positions: Array) -> Array:
    return pelvis_frame(positions, positions[:, INDEX["spine2"]] - positions[:, PELVIS])


def _chest(positions: Array) -> Array:
    """Across the shoulders: bones of a file need not bend along the neck."""
    line = segment(positions, "right_shoulder", "left_shoulder")
    return across(line, positions[:, INDEX["neck"]] - positions[:, CHEST])
