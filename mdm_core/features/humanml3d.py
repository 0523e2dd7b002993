"""HumanML3D's features (Guo et al. 2022): joint positions to 263 numbers a frame, and back.

The official extraction has habits that every published model was trained on: a wrong sign in the facing
direction, a facing forced to +Z in the first frame, and two different frames for velocities. `extract`
keeps them; `FACING_STEADY` leaves the two facing faults out, for models of our own. Recovery is the same.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.skeleton import BONE_LENGTHS, CHAINS, FEET, JOINTS, RAW_OFFSETS

from .layout import GROUPS, WIDTH

Array = NDArray[np.floating]
Facing = Literal["humanml3d", "steady"]

FPS = 20.0
CONTACT_SPEED = 0.002  # HumanML3D `feet_thre`: squared metres between two frames
FACING_SMOOTHING = 20.0  # HumanML3D: sigma of the Gaussian over the facing direction, frames
Y_UP = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])
LEG = (5, 8)  # right knee and ankle: HumanML3D measures thigh and shin there


def uniform_offsets(bone_lengths: Array = BONE_LENGTHS) -> Array:
    """Bone vectors [22, 3] of the uniform skeleton in HumanML3D's raw directions, metres."""
    return RAW_OFFSETS * bone_lengths[:, None]


def heading(positions: Array) -> Array:
    """Anatomical facing direction [T, 3] of positions [T, 22, 3]: horizontal, unit, from hips and shoulders."""
    across = (positions[:, 2] - positions[:, 1]) + (positions[:, 17] - positions[:, 16])
    return rotations.normalize(np.cross(Y_UP, rotations.normalize(across)) * [1, 0, 1])


def onto_forward(directions: Array) -> Array:
    """Turns [..., 4] about the vertical of horizontal directions [..., 3] onto +Z; of -Z itself too, half a turn."""
    half = -0.5 * np.arctan2(directions[..., 0], directions[..., 2])
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, np.sin(half), zero], axis=-1)


def to_origin(positions: Array) -> Array:
    """Positions [T, 22, 3] on the floor, the first root above the origin, facing +Z there (spec section 4, 2-4)."""
    positions = positions - [0, positions[..., 1].min(), 0]
    positions = positions - positions[0, 0] * [1, 0, 1]
    turn = onto_forward(heading(positions[:1]))
    return rotations.rotate(np.broadcast_to(turn, (*positions.shape[:2], 4)), positions)


def to_uniform_skeleton(positions: Array, offsets: Array) -> Array:
    """The motion [T, 22, 3] on the skeleton of `offsets` [22, 3]: same directions, its bone lengths (step 1)."""
    source = np.linalg.norm(positions[0, LEG[0]] - positions[0, 2]) + np.linalg.norm(
        positions[0, LEG[1]] - positions[0, LEG[0]]
    )
    scale = np.abs(offsets[list(LEG)]).max(axis=-1).sum() / source
    lengths = np.linalg.norm(offsets, axis=-1)
    result = np.empty_like(positions, dtype=np.float64)
    result[:, 0] = positions[:, 0] * scale
    for chain in CHAINS:
        for parent, joint in zip(chain, chain[1:], strict=False):
            direction = rotations.normalize(positions[:, joint] - positions[:, parent])
            result[:, joint] = result[:, parent] + direction * lengths[joint]
    return result


def facing_rotation(positions: Array, facing: Facing) -> Array:
    """World-to-character rotation [T, 4] of every frame: the smoothed facing direction turned onto +Z (step 5)."""
    hips = positions[:, 1] - positions[:, 2]
    shoulders = positions[:, 17] - positions[:, 16]
    across = hips + shoulders if facing == "humanml3d" else shoulders - hips
    forward = np.cross(Y_UP, rotations.normalize(across))
    forward = rotations.normalize(gaussian_smooth(forward, FACING_SMOOTHING))
    if facing == "steady":
        forward = rotations.normalize(forward * [1, 0, 1])
    if facing == "steady":
        return rotations.continuous(onto_forward(forward))  # else the yaw rate has the wrong sign where it passes -Z
    turn = rotations.between(forward, np.broadcast_to(FORWARD, forward.shape))
    turn[0] = [1, 0, 0, 0]
    return turn


def gaussian_smooth(x: Array, sigma: float) -> Array:
    """x [T, ...] convolved in time with a Gaussian cut at four sigma, edge frames repeated."""
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(x, [(radius, radius)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0)
    return windows @ kernel


def joint_rotations(positions: Array, root: Array) -> Array:
    """Local swing-only rotations [T, 22, 4] of every joint, joint 0 being `root` [T, 4] (step 5).

    Every chain starts again from the root's rotation, the arms too. Swing only: never play these on a rig.
    """
    result = np.broadcast_to(rotations.identity(JOINTS), (len(positions), JOINTS, 4)).copy()
    result[:, 0] = root
    for chain in CHAINS:
        accumulated = root
        for parent, joint in zip(chain, chain[1:], strict=False):
            direction = rotations.normalize(positions[:, joint] - positions[:, parent])
            swing = rotations.between(np.broadcast_to(RAW_OFFSETS[joint], direction.shape), direction)
            result[:, joint] = rotations.multiply(rotations.inverse(accumulated), swing)
            accumulated = rotations.multiply(accumulated, result[:, joint])
    return result


def extract(positions: Array, facing: Facing = "humanml3d") -> NDArray[np.float32]:
    """Features [T - 1, 263] of positions [T, 22, 3] already on the uniform skeleton and at `to_origin` (steps 5-10)."""
    positions = np.asarray(positions, dtype=np.float64)
    turn = facing_rotation(positions, facing)

    def into_character(q: Array, v: Array) -> Array:
        return rotations.rotate(np.broadcast_to(q[:, None], (*v.shape[:2], 4)), v)

    step = positions[1:] - positions[:-1]
    local = into_character(turn, positions - positions[:, :1] * [1, 0, 1])
    root_velocity = rotations.rotate(turn[1:], step[:, 0])
    yaw_rate = np.arcsin(np.clip(rotations.multiply(turn[1:], rotations.inverse(turn[:-1]))[:, 2], -1, 1))
    features = np.empty((len(positions) - 1, WIDTH))
    features[:, 0] = yaw_rate
    features[:, 1:3] = root_velocity[:, [0, 2]]
    features[:, 3] = positions[:-1, 0, 1]
    features[:, GROUPS["ric"]] = local[:-1, 1:].reshape(len(step), -1)
    features[:, GROUPS["rot6d"]] = rotations.to_6d(joint_rotations(positions, turn)[:-1, 1:]).reshape(len(step), -1)
    features[:, GROUPS["velocity"]] = into_character(turn[:-1], step).reshape(len(step), -1)
    features[:, GROUPS["contact"]] = np.sum(step[:, FEET] ** 2, axis=-1) < CONTACT_SPEED
    return features.astype(np.float32)


def process(positions: Array, offsets: Array | None = None, facing: Facing = "humanml3d") -> NDArray[np.float32]:
    """The whole forward processing: any SMPL-22 positions [T, 22, 3] in metres at 20 fps to features [T - 1, 263]."""
    offsets = uniform_offsets() if offsets is None else offsets
    return extract(to_origin(to_uniform_skeleton(positions, offsets)), facing)


def recover_root(root: Array) -> tuple[Array, Array]:
    """World-to-character rotation [..., T, 4] and root position [..., T, 3] of root features [..., T, 4] (spec 5)."""
    angle = np.cumsum(root[..., 0], axis=-1)
    angle = np.concatenate([np.zeros_like(angle[..., :1]), angle[..., :-1]], axis=-1)
    turn = np.zeros((*angle.shape, 4), dtype=root.dtype)
    turn[..., 0], turn[..., 2] = np.cos(angle), np.sin(angle)
    velocity = np.zeros((*angle.shape, 3), dtype=root.dtype)
    velocity[..., 1:, 0], velocity[..., 1:, 2] = root[..., :-1, 1], root[..., :-1, 2]
    position = np.cumsum(rotations.rotate(rotations.inverse(turn), velocity), axis=-2)
    position[..., 1] = root[..., 3]
    return turn, position


def recover_positions(features: Array) -> Array:
    """World joint positions [..., T, 22, 3] from denormalised features [..., T, >= 67] that begin with root and ric."""
    turn, root = recover_root(features[..., GROUPS["root"]])
    ric = features[..., GROUPS["ric"]].reshape(*features.shape[:-1], JOINTS - 1, 3)
    back = np.broadcast_to(rotations.inverse(turn)[..., None, :], (*ric.shape[:-1], 4))
    joints = rotations.rotate(back, ric) + root[..., None, :] * np.array([1, 0, 1], dtype=features.dtype)
    return np.concatenate([root[..., None, :], joints], axis=-2)


def recover_positions_from_rotations(features: Array, offsets: Array | None = None) -> Array:
    """World joint positions [T, 22, 3] from the rot6d block [T, 263]; equals ric on real data, not on generated."""
    offsets = uniform_offsets() if offsets is None else offsets
    turn, root = recover_root(features[..., GROUPS["root"]])
    swings = rotations.from_6d(features[..., GROUPS["rot6d"]].reshape(len(features), JOINTS - 1, 6))
    result = np.empty((len(features), JOINTS, 3))
    result[:, 0] = root
    for chain in CHAINS:
        accumulated = turn
        for parent, joint in zip(chain, chain[1:], strict=False):
            accumulated = rotations.multiply(accumulated, swings[:, joint - 1])
            bone = np.broadcast_to(offsets[joint], root.shape)
            result[:, joint] = result[:, parent] + rotations.rotate(accumulated, bone)
    return result
