"""Motions whose every joint rotation is known: SMPL-22 posed by forward kinematics, with SciPy as the other side.

The truth of a retarget is then simple: each bone must have turned, since the T-pose, as its joint did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_core.skeleton import BONE_LENGTHS, JOINT_NAMES, JOINTS, PARENTS

Array = NDArray[np.float64]

# Directions of SMPL's zero pose (a T-pose), rounded; lengths are the project's uniform skeleton's.
DIRECTIONS: dict[str, tuple[float, float, float]] = {
    "left_hip": (0.57, -0.80, -0.17),
    "spine1": (0.0, 0.955, -0.29),
    "left_knee": (0.11, -0.99, 0.01),
    "spine2": (0.0, 0.98, 0.19),
    "left_ankle": (-0.03, -1.0, -0.087),
    "spine3": (0.0, 1.0, 0.05),
    "left_foot": (0.29, -0.42, 0.86),
    "neck": (0.0, 0.988, -0.156),
    "left_collar": (0.53, 0.84, -0.14),
    "head": (0.0, 0.87, 0.49),
    "left_shoulder": (0.93, 0.34, -0.115),
    "left_elbow": (0.994, -0.061, -0.089),
    "left_wrist": (0.998, 0.048, -0.028),
}


@dataclass(frozen=True)
class Truth:
    """positions [T, 22, 3]; turns: joint -> world rotation since the T-pose, one per frame."""

    positions: Array
    turns: dict[str, Rotation]
    fps: float = 20.0


def offsets() -> Array:
    """Joint relative to its parent in the T-pose, [22, 3]."""
    result = np.zeros((JOINTS, 3))
    for joint, name in enumerate(JOINT_NAMES[1:], start=1):
        mirrored = name.startswith("right_")
        d = np.array(DIRECTIONS[name.replace("right_", "left_")])
        result[joint] = d / np.linalg.norm(d) * BONE_LENGTHS[joint] * ([-1, 1, 1] if mirrored else [1, 1, 1])
    return result


def pose(local: dict[str, Rotation], root: Array, frames: int) -> Truth:
    """Forward kinematics. local: joint -> rotation in its parent's axes; root: pelvis [T, 3]."""
    still = Rotation.from_quat(np.tile([0.0, 0, 0, 1], (frames, 1)))
    turns: dict[str, Rotation] = {}
    places = np.zeros((frames, JOINTS, 3))
    for joint, name in enumerate(JOINT_NAMES):
        own = local.get(name, still)
        if joint == 0:
            turns[name], places[:, 0] = own, root
            continue
        above = JOINT_NAMES[PARENTS[joint]]
        turns[name] = turns[above] * own
        places[:, joint] = places[:, PARENTS[joint]] + turns[above].apply(offsets()[joint])
    return Truth(places, turns)


def about(axis: str, degrees: Array | float) -> Rotation:
    return Rotation.from_rotvec(np.radians(np.atleast_1d(degrees))[:, None] * np.eye(3)["xyz".index(axis)])


def walk(frames: int = 80, seed: int = 0) -> Truth:
    """Everything at once: a turn of 200 degrees, swinging bent legs and arms, a bow, a crouch, turns of chest and head.

    Elbows and knees bend about their anatomical axes only, between 25 and 95 degrees.
    """
    random = np.random.default_rng(seed)
    t = np.linspace(0, 4, frames)
    phase = 2 * np.pi * t + random.uniform(0, 1)
    swing = np.sin(phase)
    local: dict[str, Rotation] = {
        "pelvis": about("y", 50 * t) * about("x", 8 * np.sin(phase / 3)) * about("z", 4 * swing),
        "spine1": about("x", 6 + 4 * swing),
        "spine2": about("x", 6 + 4 * swing),
        "spine3": about("y", 12 * swing),
        "neck": about("x", 12 * np.sin(phase / 2)),
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        s = sign * swing
        local |= {
            f"{side}_collar": about("z", sign * (5 + 5 * s)),
            # hanging, swinging, and turned in the socket
            f"{side}_shoulder": about("x", 25 * s) * about("z", -sign * (65 + 10 * s)) * about("x", 20 * np.cos(phase)),
            f"{side}_elbow": about("y", -sign * (60 + 35 * s)),
            f"{side}_hip": about("x", -20 - 30 * s) * about("z", sign * 6),
            f"{side}_knee": about("x", 55 + 30 * s),
            f"{side}_ankle": about("x", -15 * s),
        }
    root = np.stack([0.4 * np.sin(t), 0.93 + 0.03 * np.cos(2 * phase), 0.8 * t], axis=-1)
    return pose(local, root, frames)


def standing(frames: int = 10) -> Truth:
    """The T-pose, at rest on the ground."""
    truth = pose({}, np.zeros((frames, 3)), frames)
    truth.positions[..., 1] -= truth.positions[..., 1].min()
    return truth
