"""World rotations of SMPL-22 bones from joint positions, against a T-pose. For files; rigs have their own elsewhere.

Positions fix where a bone points but not how it is turned about itself. That turn is taken from anatomy
(shared/spec humanml3d.md section 6): the pelvis from hips and spine, the chest from shoulders and neck,
limbs from the plane in which elbow and knee bend.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.skeleton import INDEX, JOINTS, PARENTS

Array = NDArray[np.floating[Any]]

PELVIS, CHEST = INDEX["pelvis"], INDEX["spine3"]
CLEAR_BEND = np.sin(np.radians(15.0))
"""Below this sine of the bend a limb counts as straight: its plane is too uncertain to be measured."""


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

LIMBS: tuple[tuple[int, int, int, tuple[float, float, float]], ...] = (
    (INDEX["left_hip"], INDEX["left_knee"], INDEX["left_ankle"], (1.0, 0.0, 0.0)),
    (INDEX["right_hip"], INDEX["right_knee"], INDEX["right_ankle"], (1.0, 0.0, 0.0)),
    (INDEX["left_shoulder"], INDEX["left_elbow"], INDEX["left_wrist"], (0.0, -1.0, 0.0)),
    (INDEX["right_shoulder"], INDEX["right_elbow"], INDEX["right_wrist"], (0.0, 1.0, 0.0)),
)
"""Upper joint, hinge, end joint, and the hinge axis in the T-pose: upper x lower when the limb bends naturally."""


def bone_rotations(positions: Array) -> tuple[Array, Array]:
    """The rotation [T, 22, 4] of each bone (named by the joint where it ends) and of the chest [T, 4].

    positions: [T, 22, 3]. Entry 0 is the pelvis. Every rotation turns the rest direction of its bone exactly onto
    the direction in `positions`, whatever the bone lengths.
    """
    positions = np.asarray(positions, dtype=np.float64)
    parents = np.array(PARENTS[1:])
    directions = np.zeros_like(positions)
    directions[:, 1:] = rotations.normalize(positions[:, 1:] - positions[:, parents])
    directions = np.where(np.any(directions != 0, axis=-1, keepdims=True), directions, REST_DIRECTIONS)

    rest = rest_pose(mean_bone_lengths(positions))
    chest = _turn(rest, positions, ("left_shoulder", "right_shoulder"), ("spine3", "neck"))
    result = np.empty((*positions.shape[:2], 4))
    result[:, PELVIS] = _turn(rest, positions, ("left_hip", "right_hip"), ("pelvis", "spine2"))
    for joint in (INDEX["left_hip"], INDEX["right_hip"], INDEX["spine1"]):
        result[:, joint] = aimed(result[:, PELVIS], joint, directions)
    for joint, share in ((INDEX["spine2"], 1 / 3), (INDEX["spine3"], 2 / 3)):
        between = rotations.slerp(result[:, PELVIS], chest, np.full((len(chest), 1), share))
        result[:, joint] = aimed(between, joint, directions)
    for joint in (INDEX["neck"], INDEX["left_collar"], INDEX["right_collar"]):
        result[:, joint] = aimed(chest, joint, directions)
    for joint in (INDEX["head"], INDEX["left_shoulder"], INDEX["right_shoulder"]):
        result[:, joint] = aimed(result[:, PARENTS[joint]], joint, directions)
    for upper, hinge, end, axis in LIMBS:
        start = aimed(result[:, upper], hinge, directions)
        turn = limb_turn(directions[:, hinge], directions[:, end], rotations.rotate(start, np.array(axis)))
        result[:, hinge] = rotations.multiply(rotations.from_axis_angle(directions[:, hinge], turn), start)
        result[:, end] = aimed(result[:, hinge], end, directions)
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


def limb_turn(upper: Array, lower: Array, hinge: Array) -> Array:
    """How far [T], radians, a limb is turned about its upper bone from `hinge` to the plane in which it bends.

    upper, lower, hinge: unit [T, 3], hinge across upper. Through straight frames the turn goes evenly from the
    last bent frame to the next; a limb that never bends is not turned.
    """
    axis = np.cross(upper, lower)
    bent = np.flatnonzero(np.linalg.norm(axis, axis=-1) > CLEAR_BEND)
    if len(bent) == 0:
        return np.zeros(len(upper))
    sine = np.sum(np.cross(hinge, axis) * upper, axis=-1)
    angle = np.arctan2(sine, np.sum(hinge * axis, axis=-1))
    return np.interp(np.arange(len(upper)), bent, np.unwrap(angle[bent]))


def _turn(rest: Array, positions: Array, sides: tuple[str, str], line: tuple[str, str]) -> Array:
    """Rotation [T, 4] of a body part from `rest` [22, 3] to `positions`; see `_frame`."""
    return rotations.multiply(_frame(positions, sides, line), rotations.inverse(_frame(rest[None], sides, line)))


def _frame(positions: Array, sides: tuple[str, str], line: tuple[str, str]) -> Array:
    """Rotation [T, 4] of a body part whose x runs between `sides` (right to left) and whose y is nearest to `line`."""
    across = rotations.normalize(positions[:, INDEX[sides[0]]] - positions[:, INDEX[sides[1]]])
    along = positions[:, INDEX[line[1]]] - positions[:, INDEX[line[0]]]
    forward = rotations.normalize(np.cross(across, along))
    matrix = np.stack([across, np.cross(forward, across), forward], axis=-1)
    return rotations.from_matrix(matrix)
