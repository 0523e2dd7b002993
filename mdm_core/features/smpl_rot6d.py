"""The 25 x 6 numbers of MDM's action and unconditional models, and joint positions from them. No SMPL file.

For each frame 24 joint rotations of SMPL against their parents, as the first two ROWS of the rotation matrix (HumanML3D
takes columns), and as a 25th row the root's place in its first three numbers (spec/mdm.md section 7). The body is our
own: SMPL's joint tree with `skeleton.BONE_LENGTHS` in a T-pose, whose directions are nearly SMPL's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.features import humanml3d
from mdm_core.io.bone_rotations import CHEST, PELVIS, bone_rotations, rest_pose
from mdm_core.skeleton import BONE_LENGTHS, JOINTS, PARENTS

Array = NDArray[np.floating[Any]]

ROTATIONS = 24
WIDTH = (ROTATIONS + 1) * 6
PARENTS24 = (*PARENTS, 20, 21)
HAND = 0.09  # metres from the wrist to SMPL's joints 22 and 23, along the forearm


def rest24() -> Array:
    """The T-pose [24, 3], pelvis at the origin, facing +Z: SMPL-22 and the hands."""
    body = rest_pose(BONE_LENGTHS)
    hands = body[[20, 21]] + [[HAND, 0, 0], [-HAND, 0, 0]]
    return np.concatenate([body, hands])


def matrices(d: Array) -> Array:
    """Rotation matrices [..., 3, 3] of 6D rotations [..., 6], whose halves are the first two rows, made orthonormal."""
    first = rotations.normalize(d[..., :3])
    second = d[..., 3:] - (first * d[..., 3:]).sum(axis=-1, keepdims=True) * first
    second = rotations.normalize(second)
    return np.stack([first, second, np.cross(first, second)], axis=-2)


def rows(m: Array) -> Array:
    """The 6D form [..., 6] of rotation matrices [..., 3, 3]."""
    return np.concatenate([m[..., 0, :], m[..., 1, :]], axis=-1)


def forward_kinematics(local: Array, root: Array) -> Array:
    """Joint positions [T, 24, 3] of rotations [T, 24, 3, 3] against parents, root [T, 3]; the data's own axes."""
    rest, turned = rest24(), np.empty_like(local)
    positions = np.empty((*local.shape[:2], 3))
    turned[:, 0], positions[:, 0] = local[:, 0], root
    for joint, parent in enumerate(PARENTS24[1:], start=1):
        turned[:, joint] = turned[:, parent] @ local[:, joint]
        positions[:, joint] = positions[:, parent] + turned[:, parent] @ (rest[joint] - rest[parent])
    return positions


def recover_positions(features: Array) -> Array:
    """Features [T, 150] to SMPL-22 positions [T, 22, 3] in our frame: metres, Y up, on the ground, facing +Z at first.

    The data's axes are a camera's, Y down and Z away: half a turn about X makes them ours.
    """
    numbers = np.asarray(features, dtype=np.float64).reshape(len(features), ROTATIONS + 1, 6)
    place = numbers[:, -1, :3]
    positions = forward_kinematics(matrices(numbers[:, :-1]), place - place[0])[:, :JOINTS]
    return humanml3d.to_origin(positions * AXES)


AXES = np.array([1.0, -1.0, -1.0])
"""Half a turn about X: between the data's axes and ours, either way."""


def encode(local: Array, root: Array) -> NDArray[np.float32]:
    """Features [T, 150] of rotations [T, 24, 3, 3] against parents and the root's place [T, 3], in our axes (Y up)."""
    turned = np.array(local, dtype=np.float64)
    turned[:, 0] = np.diag(AXES) @ turned[:, 0]
    numbers = np.zeros((len(local), ROTATIONS + 1, 6))
    numbers[:, :-1] = rows(turned)
    numbers[:, -1, :3] = (root - root[0]) * AXES
    return numbers.reshape(len(local), WIDTH).astype(np.float32)


def fitted(positions: Array, fps: float = 20.0) -> Array:
    """SMPL's rotations [T, 24, 3, 3] against parents for positions [T, 22, 3], by anatomy (`io.bone_rotations`).

    Pelvis and chest are rigid in SMPL, so hips, spine and collars come out a little off where they bend on their own;
    limbs keep their world directions. Hands are at rest.
    """
    bones, chest = bone_rotations(positions, fps)
    world = np.empty((len(positions), ROTATIONS, 4))
    for joint in range(ROTATIONS):
        children = [c for c in range(1, JOINTS) if PARENTS[c] == joint]
        if joint == PELVIS:
            world[:, joint] = bones[:, PELVIS]
        elif joint == CHEST:
            world[:, joint] = chest
        else:
            world[:, joint] = bones[:, children[0]] if children else world[:, PARENTS24[joint]]
    local = np.empty_like(world)
    local[:, 0] = world[:, 0]
    for joint, parent in enumerate(PARENTS24[1:], start=1):
        local[:, joint] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])
    return rotations.to_matrix(local)
