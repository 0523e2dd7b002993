"""The SMPL-22 body: joint names, parents, bone lengths and body parts.

This is the skeleton of HumanML3D and of every text model of MDM. Nothing here knows a rig or a file
format. World frame: metres, Y up, the character faces +Z, +X is its left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

JOINT_NAMES: tuple[str, ...] = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
)
JOINTS = len(JOINT_NAMES)
INDEX: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}

PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

CHAINS: tuple[tuple[int, ...], ...] = (
    (0, 2, 5, 8, 11),
    (0, 1, 4, 7, 10),
    (0, 3, 6, 9, 12, 15),
    (9, 14, 17, 19, 21),
    (9, 13, 16, 18, 20),
)
"""Root to tip, in the order in which HumanML3D walks them."""

RAW_OFFSETS: NDArray[np.float64] = np.array(
    [
        [0, 0, 0],
        [1, 0, 0],
        [-1, 0, 0],
        [0, 1, 0],
        [0, -1, 0],
        [0, -1, 0],
        [0, 1, 0],
        [0, -1, 0],
        [0, -1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
        [-1, 0, 0],
        [0, 0, 1],
        [0, -1, 0],
        [0, -1, 0],
        [0, -1, 0],
        [0, -1, 0],
        [0, -1, 0],
        [0, -1, 0],
    ],
    dtype=np.float64,
)
"""HumanML3D's convention of the direction of the bone that ends at each joint; not an anatomical pose."""

BONE_LENGTHS: NDArray[np.float64] = np.array(
    [0.0]
    + [0.103074, 0.109883, 0.131568, 0.393623, 0.390188, 0.143190, 0.432433, 0.425643, 0.057365, 0.143382]
    + [0.149419, 0.219360, 0.137487, 0.143383, 0.103039, 0.131614, 0.122984, 0.256840, 0.263092, 0.266012]
    + [0.269876],
    dtype=np.float64,
)
"""Metres from each joint's parent to it on HumanML3D's uniform skeleton (its clip 000021)."""

LEG_LENGTH: float = float(BONE_LENGTHS[[4, 5, 7, 8]].sum() / 2)
"""Thigh and shin of the uniform skeleton, metres, mean of both sides."""

FEET: tuple[int, ...] = (7, 10, 8, 11)
"""Left ankle, left foot, right ankle, right foot: the order of the four contact features."""

MIRROR: tuple[int, ...] = (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20)
"""For each joint its counterpart on the other side."""

PARTS: dict[str, tuple[int, ...]] = {
    "root": (0,),
    "torso": (3, 6, 9),
    "head": (12, 15),
    "left_arm": (13, 16, 18, 20),
    "right_arm": (14, 17, 19, 21),
    "left_leg": (1, 4, 7, 10),
    "right_leg": (2, 5, 8, 11),
}
"""The body parts that a user can pick; together they are every joint once."""
