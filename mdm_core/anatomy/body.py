"""What the source skeleton looks like when it stands upright: needed where a rig is posed relative to its own rest.

The torso, collars, head and feet of two skeletons lie differently inside the same body, so that their
directions cannot be compared, only how they turned since standing. Limbs need none of this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import UP
from mdm_core.rotations import normalize
from mdm_core.skeleton import INDEX

Array = NDArray[np.floating]
PELVIS, SPINE1, SPINE2 = INDEX["pelvis"], INDEX["spine1"], INDEX["spine2"]


@dataclass(frozen=True)
class Body:
    """The upright skeleton's segments, in degrees.

    Forward from straight up: pelvis (middle of the hips to spine1), spine (spine1 to spine2), chest (spine3 to
    neck), head (neck to head). hip_roll: the left hip above the right (SMPL is not symmetric).
    collar_up, collar_back: collar to shoulder, from level and from sideways. foot_down: ankle to ball, below
    level, when the foot stands. thigh_out, shin_out: from straight down, in the T-pose; arm_down,
    forearm_down: from level. Knees and elbows bend about the T-pose's own axes all the same, see `hinges`.
    head_play: by how much `head` differs from person to person. What no turn is read from, but a body is built of:
    hip_down, hip_back: pelvis to hip, from sideways; spine_top: spine2 to spine3; clavicle_up, clavicle_back: spine3
    to collar.
    """

    pelvis: float
    spine: float
    chest: float
    head: float
    hip_roll: float
    collar_up: float
    collar_back: float
    foot_down: float
    thigh_out: float
    shin_out: float
    arm_down: float
    forearm_down: float
    head_play: float
    hip_down: float
    hip_back: float
    spine_top: float
    clavicle_up: float
    clavicle_back: float


SMPL = Body(
    pelvis=-6.0, spine=11.0, chest=-9.0, head=29.5, hip_roll=4.0, collar_up=20.0, collar_back=7.0, foot_down=25.0,
    thigh_out=6.5, shin_out=-2.0, arm_down=3.5, forearm_down=-2.5, head_play=0.0, hip_down=53.4, hip_back=16.6,
    spine_top=2.9, clavicle_up=56.9, clavicle_back=14.8,
)  # fmt: skip
"""SMPL's zero pose, to half a degree: what models trained on HumanML3D speak."""

STRAIGHT = Body(
    pelvis=-5.5, spine=3.0, chest=0.0, head=7.0, hip_roll=2.0, collar_up=20.0, collar_back=2.5, foot_down=12.0,
    thigh_out=1.0, shin_out=3.0, arm_down=0.0, forearm_down=0.0, head_play=12.0, hip_down=47.7, hip_back=-18.2,
    spine_top=3.3, clavicle_up=46.6, clavicle_back=-2.4,
)  # fmt: skip
"""CMU's skeleton with a straight spine, as `mdm_core.datasets.cmu` makes it: medians over its people standing still."""

SMPL_CURVE = 28.0
"""Degrees between SMPL's pelvis-spine1 and spine1-spine2; a straight spine has none."""


def body_of(positions: Array) -> Body:
    """The standing body behind positions [T, 22, 3], told by the curve of the lower spine and interpolated by it."""
    side = normalize(positions[:, INDEX["left_hip"]] - positions[:, INDEX["right_hip"]])
    low = positions[:, SPINE1] - positions[:, PELVIS]
    high = positions[:, SPINE2] - positions[:, SPINE1]
    bend = np.arctan2(np.sum(np.cross(low, high) * side, axis=-1), np.sum(low * high, axis=-1))
    share = float(np.clip(np.degrees(np.median(bend)) / SMPL_CURVE, 0.0, 1.0))
    mixed = {name: (1 - share) * getattr(STRAIGHT, name) + share * getattr(SMPL, name) for name in vars(SMPL)}
    return Body(**mixed)


UPRIGHT = np.cos(np.radians(20.0))
"""A person whose back is nearer to vertical than this stands, and looks about level."""
MOMENT = 8
"""Frames: fewer tell nothing about a whole motion."""


def measured_head(positions: Array, body: Body) -> float:
    """Degrees by which neck-to-head leans forward from vertical when this person looks level.

    Where a skeleton's head ends is a matter of how its markers sat: over CMU's people standing still it lies between
    2 degrees behind and 17 before the neck (10 to 90 %). Who stands looks level most of the time, so it is the median
    over the upright frames, within the body's `head_play`; the body's own where there are too few.
    """
    back = normalize(positions[:, INDEX["neck"]] - positions[:, PELVIS])
    upright = back @ UP > UPRIGHT
    if upright.sum() < MOMENT:
        return body.head
    side = (positions[:, INDEX["left_hip"]] - positions[:, INDEX["right_hip"]])[upright]
    forward = np.cross(normalize(side * [1.0, 0.0, 1.0]), UP)
    head = (positions[:, INDEX["head"]] - positions[:, INDEX["neck"]])[upright]
    lean = np.degrees(np.arctan2(np.sum(head * forward, axis=-1), head @ UP))
    return float(np.clip(np.median(lean), body.head - body.head_play, body.head + body.head_play))


def measured_foot_down(positions: Array, standing: NDArray[np.bool_], body: Body) -> float:
    """Degrees by which ankle-to-ball points below level on flat feet; standing: bool [T, 2], the sole is down.

    The median over the frames that stand, or the body's own value where these are too few to tell.
    """
    down: list[Array] = []
    for foot, side in enumerate(("left", "right")):
        direction = normalize(positions[:, INDEX[f"{side}_foot"]] - positions[:, INDEX[f"{side}_ankle"]])
        down.append(np.degrees(np.arcsin(np.clip(-direction[standing[:, foot]] @ UP, -1.0, 1.0))))
    values = np.concatenate(down)
    return float(np.clip(np.median(values), 0.0, 40.0)) if len(values) >= MOMENT else body.foot_down
