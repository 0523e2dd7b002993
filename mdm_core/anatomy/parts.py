"""Turns and frames of the body's parts at every frame. Frame of mdm_core: Y up, +Z forward, +X left.

A *turn* is relative to standing upright and facing +Z. A *limb frame* is absolute (`frames.along`: y along the bone,
x the hinge). Feet on the ground are not here, for that takes contacts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.body import Body
from mdm_core.anatomy.frames import FORWARD, LEFT, UP, across, along, sagittal
from mdm_core.anatomy.hinges import carried_hinge
from mdm_core.rotations import between, from_axis_angle, inverse, multiply, normalize, rotate, slerp
from mdm_core.skeleton import INDEX

Array = NDArray[np.floating]
SIDES = ("left", "right")
SIGN = {"left": 1.0, "right": -1.0}
LIMBS: dict[str, tuple[str, str, str]] = {
    "arm": ("shoulder", "elbow", "wrist"),
    "leg": ("hip", "knee", "ankle"),
}
"""The joints of each limb, without the side; the middle one is the hinge."""


def segment(positions: Array, start: str, end: str) -> Array:
    """Unit directions [T, 3] from joint to joint of positions [T, 22, 3]."""
    return normalize(positions[:, INDEX[end]] - positions[:, INDEX[start]])


def pelvis_frame(positions: Array, upward: Array) -> Array:
    """Frames [T, 4]: x exactly from the right hip to the left, y nearest to `upward` [T, 3]."""
    return across(segment(positions, "right_hip", "left_hip"), upward)


def shoulder_line(positions: Array) -> Array:
    """Unit [T, 3] from right to left, shoulders and collars alike, so that one raised arm does not turn the chest."""
    left = positions[:, INDEX["left_shoulder"]] + positions[:, INDEX["left_collar"]]
    right = positions[:, INDEX["right_shoulder"]] + positions[:, INDEX["right_collar"]]
    return normalize(left - right)


def chest_frame(positions: Array) -> Array:
    """Frames [T, 4]: y exactly from spine3 to the neck, x nearest to the line of the shoulders."""
    return along(segment(positions, "spine3", "neck"), shoulder_line(positions))


def torso_turns(positions: Array, body: Body) -> dict[str, Array]:
    """Pelvis, spine1 to spine3, neck and head [T, 4]. The head follows the neck: its own turn is not in the joints."""
    middle = positions[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    low, high = segment(positions, "right_hip", "left_hip"), shoulder_line(positions)
    roll = np.radians(body.hip_roll)
    pelvis = since(
        pelvis_frame(positions, positions[:, INDEX["spine1"]] - middle),
        across(np.cos(roll) * LEFT + np.sin(roll) * UP, sagittal(body.pelvis)),
    )
    spine = segment(positions, "spine1", "spine2")
    spine1 = since(along(spine, (2 * low + high) / 3), along(sagittal(body.spine), LEFT))
    chest = since(chest_frame(positions), along(sagittal(body.chest), LEFT))
    neck = since(along(segment(positions, "neck", "head"), rotate(chest, LEFT)), along(sagittal(body.head), LEFT))
    # spine2 to spine3 is too short (6 cm) to be read: between its neighbours.
    spine2 = slerp(spine1, chest, np.full((len(chest), 1), 0.5))
    return {"pelvis": pelvis, "spine1": spine1, "spine2": spine2, "spine3": chest, "neck": neck, "head": neck}


def collar_turn(positions: Array, side: str, chest: Array, body: Body) -> Array:
    """The chest's turn [T, 4] and then the shortest arc: a collar swings, its twist cannot be seen."""
    inside = rotate(inverse(chest), segment(positions, f"{side}_collar", f"{side}_shoulder"))
    return multiply(chest, between(np.broadcast_to(standing_collar(side, body), inside.shape), inside))


def standing_collar(side: str, body: Body) -> Array:
    """Unit direction [3] from collar to shoulder when standing."""
    up, back = np.radians(body.collar_up), np.radians(body.collar_back)
    level = SIGN[side] * np.cos(back) * LEFT - np.sin(back) * FORWARD
    return np.cos(up) * level + np.sin(up) * UP


def limb_frames(positions: Array, side: str, limb: str, trunk: Array, body: Body, fps: float) -> tuple[Array, Array]:
    """Frames [T, 4] of the upper and the lower bone of an "arm" or a "leg", both about the same hinge.

    trunk: turn [T, 4] of chest or pelvis.
    """
    start, middle, end = (f"{side}_{joint}" for joint in LIMBS[limb])
    aside = (body.arm_down, body.forearm_down) if limb == "arm" else (body.thigh_out, body.shin_out)
    upper, lower = segment(positions, start, middle), segment(positions, middle, end)
    axis = carried_hinge(middle, upper, lower, trunk, (SIGN[side] * aside[0], SIGN[side] * aside[1]), fps)
    return along(upper, axis), along(lower, axis)


def since(frame: Array, upright: Array) -> Array:
    """The turn that leads from the upright frame to this one."""
    return multiply(frame, inverse(upright))


def heading(turn: Array) -> Array:
    """The yaw part [T, 4] of turns [T, 4]: what is left when forward is laid into the ground plane."""
    forward = rotate(turn, FORWARD)
    return from_axis_angle(UP, np.arctan2(forward[..., 0], forward[..., 2]))
