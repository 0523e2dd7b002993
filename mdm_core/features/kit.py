"""KIT-ML's 251 features and its body of 21 joints, as motion of SMPL-22 (spec/humanml3d.md section 1).

HumanML3D's features over another skeleton, at 12.5 frames a second and in other units: a motion is scaled so that its
legs are as long as those of `skeleton`. Joints that KIT does not have (upper chest, collars) are put between those
that it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.skeleton import INDEX, JOINTS, LEG_LENGTH

Array = NDArray[np.floating[Any]]

KIT_JOINTS = 21
WIDTH = 251
RIC = slice(4, 4 + 3 * (KIT_JOINTS - 1))
CONTACTS = slice(WIDTH - 4, WIDTH)
SAME: dict[str, int] = {
    "pelvis": 0,
    "spine1": 1,
    "spine2": 2,
    "neck": 3,
    "head": 4,
    "right_shoulder": 5,
    "right_elbow": 6,
    "right_wrist": 7,
    "left_shoulder": 8,
    "left_elbow": 9,
    "left_wrist": 10,
    "right_hip": 11,
    "right_knee": 12,
    "right_ankle": 13,
    "right_foot": 15,
    "left_hip": 16,
    "left_knee": 17,
    "left_ankle": 18,
    "left_foot": 20,
}
"""SMPL-22's joints among KIT's; sides as HumanML3D's processing of KIT names them."""
LEGS = ((11, 12), (12, 13), (16, 17), (17, 18))


def recover_kit(features: Array) -> Array:
    """Features [T, 251] to KIT's own joints [T, 21, 3], in its units (spec/humanml3d.md section 5)."""
    f = np.asarray(features, dtype=np.float64)
    angle = np.concatenate([[0.0], np.cumsum(f[:-1, 0])])
    zero = np.zeros_like(angle)
    back = np.stack([np.cos(angle), zero, -np.sin(angle), zero], axis=-1)  # q_t, inverted: character to world
    step = np.stack([f[:-1, 1], np.zeros(len(f) - 1), f[:-1, 2]], axis=-1)
    root = np.concatenate([np.zeros((1, 3)), np.cumsum(rotations.rotate(back[1:], step), axis=0)])
    joints = np.empty((len(f), KIT_JOINTS, 3))
    joints[:, 0] = root + f[:, 3:4] * [0, 1, 0]
    local = f[:, RIC].reshape(len(f), KIT_JOINTS - 1, 3)
    turned = np.broadcast_to(back[:, None], (*local.shape[:2], 4))
    joints[:, 1:] = rotations.rotate(turned, local) + root[:, None]
    return joints


def recover_positions(features: Array) -> Array:
    """Features [T, 251] to SMPL-22 positions [T, 22, 3], metres."""
    kit = recover_kit(features)
    leg = np.mean([np.linalg.norm(kit[:, a] - kit[:, b], axis=-1).mean() for a, b in LEGS]) * 2
    if not leg > 0:
        return np.full((len(kit), JOINTS, 3), np.nan)
    kit *= LEG_LENGTH / leg
    result = np.empty((len(kit), JOINTS, 3))
    for name, joint in SAME.items():
        result[:, INDEX[name]] = kit[:, joint]
    neck = result[:, INDEX["neck"]]
    result[:, INDEX["spine3"]] = 0.5 * (result[:, INDEX["spine2"]] + neck)
    for side in ("left", "right"):
        shoulder = result[:, INDEX[f"{side}_shoulder"]]
        result[:, INDEX[f"{side}_collar"]] = 0.6 * neck + 0.4 * shoulder
    return result
