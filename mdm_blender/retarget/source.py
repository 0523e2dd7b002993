"""From joint positions to how each part of the body is turned. Frame of mdm_core: Y up, +Z forward, +X left.

`turns` are relative to standing upright and facing +Z: the identity means "as this rig rests". `limbs` are
absolute frames (`frames.along`: y along the bone, x the hinge), to be compared with the rig's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import between, from_axis_angle, inverse, multiply, normalize, rotate, slerp
from mdm_core.skeleton import INDEX

from .body import Body, body_of, measured_foot_down
from .contacts import Contacts
from .frames import FORWARD, LEFT, UP, across, along, ramp, sagittal, smooth
from .hinges import carried_hinge

Array = NDArray[np.floating]
SIDES = ("left", "right")
SIGN = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True)
class Source:
    """turns: joint -> quaternions [T, 4]; limbs: joint at the bone's start -> frames [T, 4]."""

    turns: dict[str, Array]
    limbs: dict[str, Array]


def read_source(positions: Array, contacts: Contacts, fps: float) -> Source:
    """How the body in positions [T, 22, 3] (metres) is turned at every frame."""
    body = body_of(positions)
    turns = torso_turns(positions, body)
    limbs: dict[str, Array] = {}
    for side in SIDES:
        arm_aside = (SIGN[side] * body.arm_down, SIGN[side] * body.forearm_down)
        leg_aside = (SIGN[side] * body.thigh_out, SIGN[side] * body.shin_out)
        turns[f"{side}_collar"] = _collar(positions, side, turns["spine3"], body)
        arm = _limb(positions, side, ("shoulder", "elbow", "wrist"), turns["spine3"], arm_aside, fps)
        leg = _limb(positions, side, ("hip", "knee", "ankle"), turns["pelvis"], leg_aside, fps)
        limbs |= {f"{side}_shoulder": arm[0], f"{side}_elbow": arm[1], f"{side}_hip": leg[0], f"{side}_knee": leg[1]}
    standing = (contacts.ankle > 0.9) & (contacts.ball > 0.9)
    down = measured_foot_down(positions, standing, body)
    for k, side in enumerate(SIDES):
        hinge = rotate(limbs[f"{side}_knee"], LEFT)
        flat = contacts.ankle[:, k] * contacts.ball[:, k]
        foot = _foot(positions, side, hinge, np.maximum(contacts.ankle[:, k], contacts.ball[:, k]), down)
        turns[f"{side}_ankle"] = _levelled(foot, flat)
        turns[f"{side}_foot"] = _toes(turns[f"{side}_ankle"], contacts.ball[:, k], fps)
    return Source(turns, limbs)


def segment(positions: Array, start: str, end: str) -> Array:
    """Unit directions [T, 3] from joint to joint."""
    return normalize(positions[:, INDEX[end]] - positions[:, INDEX[start]])


def torso_turns(positions: Array, body: Body) -> dict[str, Array]:
    """Pelvis, spine1 to spine3, neck and head [T, 4]. The head follows the neck: its own turn is not in the joints."""
    middle = positions[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    low = segment(positions, "right_hip", "left_hip")
    high = normalize(
        positions[:, INDEX["left_shoulder"]]
        - positions[:, INDEX["right_shoulder"]]
        + positions[:, INDEX["left_collar"]]
        - positions[:, INDEX["right_collar"]]
    )
    roll = np.radians(body.hip_roll)
    pelvis = _since(
        across(low, positions[:, INDEX["spine1"]] - middle),
        across(np.cos(roll) * LEFT + np.sin(roll) * UP, sagittal(body.pelvis)),
    )
    spine = segment(positions, "spine1", "spine2")
    spine1 = _since(along(spine, (2 * low + high) / 3), along(sagittal(body.spine), LEFT))
    chest = _since(along(segment(positions, "spine3", "neck"), high), along(sagittal(body.chest), LEFT))
    neck = _since(along(segment(positions, "neck", "head"), rotate(chest, LEFT)), along(sagittal(body.head), LEFT))
    # spine2 to spine3 is too short (6 cm) to be read: between its neighbours.
    spine2 = slerp(spine1, chest, np.full((len(chest), 1), 0.5))
    return {"pelvis": pelvis, "spine1": spine1, "spine2": spine2, "spine3": chest, "neck": neck, "head": neck}


def _since(frame: Array, upright: Array) -> Array:
    return multiply(frame, inverse(upright))


def _collar(positions: Array, side: str, chest: Array, body: Body) -> Array:
    """The chest's turn and then the shortest arc: a collar swings, its twist cannot be seen."""
    up, back = np.radians(body.collar_up), np.radians(body.collar_back)
    level = SIGN[side] * np.cos(back) * LEFT - np.sin(back) * FORWARD
    standing = np.cos(up) * level + np.sin(up) * UP
    inside = rotate(inverse(chest), segment(positions, f"{side}_collar", f"{side}_shoulder"))
    return multiply(chest, between(np.broadcast_to(standing, inside.shape), inside))


def _limb(
    positions: Array, side: str, joints: tuple[str, str, str], trunk: Array, aside: tuple[float, float], fps: float
) -> tuple[Array, Array]:
    """Frames [T, 4] of the upper and the lower bone, both about the same hinge. aside: degrees, see `hinges`."""
    start, middle, end = (f"{side}_{joint}" for joint in joints)
    upper, lower = segment(positions, start, middle), segment(positions, middle, end)
    axis = carried_hinge(middle, upper, lower, trunk, aside, fps)
    return along(upper, axis), along(lower, axis)


def _foot(positions: Array, side: str, hinge: Array, grounded: Array, down: float) -> Array:
    """Turn of the foot [T, 4] since standing flat: along ankle-to-ball; on the ground it does not roll over.

    hinge: the knee's axis [T, 3], for a foot in line with the shin; grounded: [T], 0 to 1.
    """
    forward = segment(positions, f"{side}_ankle", f"{side}_foot")
    shin = segment(positions, f"{side}_ankle", f"{side}_knee")
    weight = grounded[:, None]
    side_axis = np.cross(normalize((1 - weight) * shin + weight * UP), forward)
    # A foot stretched past the line of the shin would turn over.
    side_axis *= np.where(np.sum(side_axis * hinge, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    stretched = ramp(np.linalg.norm(side_axis, axis=-1), 0.45, 0.15)[:, None]
    standing = np.cos(np.radians(down)) * FORWARD - np.sin(np.radians(down)) * UP
    return _since(along(forward, side_axis + stretched * hinge), along(standing, LEFT))


def heading(turn: Array) -> Array:
    """The yaw part [T, 4] of turns [T, 4]: what is left when forward is laid into the ground plane."""
    forward = rotate(turn, FORWARD)
    return from_axis_angle(UP, np.arctan2(forward[..., 0], forward[..., 2]))


LEVEL = 15.0
"""Degrees of pitch at which a standing foot is still taken to be flat: generated feet are that inexact."""


def _levelled(foot: Array, flat: Array) -> Array:
    """The foot turned flat where heel and ball both stand (flat [T], 0 to 1) and it nearly is."""
    level = heading(foot)
    off = 2 * np.degrees(np.arccos(np.clip(np.abs(np.sum(foot * level, axis=-1)), 0.0, 1.0)))
    return slerp(foot, level, (flat * ramp(off, 2 * LEVEL, LEVEL))[:, None])


def _toes(foot: Array, ball: Array, fps: float) -> Array:
    """The toes stay flat while the heel lifts off a standing ball; else they follow the foot."""
    lifted = np.degrees(np.arcsin(np.clip(-rotate(foot, FORWARD) @ UP, -1.0, 1.0)))
    weight = smooth(ball * ramp(lifted, 3.0, 12.0) * ramp(lifted, 75.0, 55.0), 0.04 * fps)
    return slerp(foot, heading(foot), weight[:, None])
