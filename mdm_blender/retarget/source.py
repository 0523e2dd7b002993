"""Everything the source's joints say about how a rig must be turned, feet on the ground included.

`turns` are relative to standing upright and facing +Z: the identity means "as this rig rests". `limbs` are
absolute frames (`frames.along`: y along the bone, x the hinge), to be compared with the rig's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.body import Body
from mdm_core.anatomy.frames import FORWARD, LEFT, UP, along, ramp, smooth
from mdm_core.anatomy.parts import SIDES, collar_turn, heading, limb_frames, segment, since, torso_turns
from mdm_core.cleanup.contacts import runs
from mdm_core.rotations import from_axis_angle, multiply, normalize, rotate, slerp

from .contacts import Contacts
from .footlock import held

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Source:
    """turns: joint -> quaternions [T, 4]; limbs: joint at the bone's start -> frames [T, 4]."""

    turns: dict[str, Array]
    limbs: dict[str, Array]


def read_source(positions: Array, contacts: Contacts, body: Body, fps: float) -> Source:
    """How the body in positions [T, 22, 3] (metres) is turned at every frame."""
    turns = torso_turns(positions, body)
    limbs: dict[str, Array] = {}
    for side in SIDES:
        turns[f"{side}_collar"] = collar_turn(positions, side, turns["spine3"], body)
        arm = limb_frames(positions, side, "arm", turns["spine3"], body, fps)
        leg = limb_frames(positions, side, "leg", turns["pelvis"], body, fps)
        limbs |= {f"{side}_shoulder": arm[0], f"{side}_elbow": arm[1], f"{side}_hip": leg[0], f"{side}_knee": leg[1]}
    for k, side in enumerate(SIDES):
        hinge = rotate(limbs[f"{side}_knee"], LEFT)
        flat = contacts.flat[:, k]
        foot = _foot(positions, side, hinge, np.maximum(contacts.ankle[:, k], contacts.ball[:, k]), body.foot_down)
        foot = _levelled(_steady(foot, flat, fps), held(flat, FLATTEN, fps))
        turns[f"{side}_ankle"] = foot
        turns[f"{side}_foot"] = _toes(foot, contacts.ball[:, k], fps)
    return Source(turns, limbs)


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
    return since(along(forward, side_axis + stretched * hinge), along(standing, LEFT))


FLATTEN = 0.1
"""Seconds before and after standing flat in which a foot gets level, and into the heading that it keeps."""
LEVEL = 15.0
"""Degrees of pitch at which a standing foot is still taken to be flat: generated feet are that inexact."""


def _levelled(foot: Array, flat: Array) -> Array:
    """The foot turned flat where heel and ball both stand (flat [T], 0 to 1) and it nearly is."""
    level = heading(foot)
    off = 2 * np.degrees(np.arccos(np.clip(np.abs(np.sum(foot * level, axis=-1)), 0.0, 1.0)))
    return slerp(foot, level, (flat * ramp(off, 2 * LEVEL, LEVEL))[:, None])


def _steady(foot: Array, flat: NDArray[np.bool_], fps: float) -> Array:
    """The foot kept at its mean heading through every stretch of standing flat, bool [T]."""
    forward = rotate(foot, FORWARD)
    yaw = np.unwrap(np.arctan2(forward[:, 0], forward[:, 2]))
    change, total = np.zeros(len(yaw)), np.zeros(len(yaw))
    for start, stop in runs(flat):
        stretch = np.zeros(len(yaw), dtype=bool)
        stretch[start:stop] = True
        weight = held(stretch, FLATTEN, fps)
        change += weight * (yaw[start:stop].mean() - yaw)
        total += weight
    return multiply(from_axis_angle(UP, change / np.maximum(total, 1.0)), foot)


def _toes(foot: Array, ball: Array, fps: float) -> Array:
    """The toes stay flat while the heel lifts off a standing ball; else they follow the foot."""
    lifted = np.degrees(np.arcsin(np.clip(-rotate(foot, FORWARD) @ UP, -1.0, 1.0)))
    weight = smooth(ball * ramp(lifted, 3.0, 12.0) * ramp(lifted, 75.0, 55.0), 0.04 * fps)
    return slerp(foot, heading(foot), weight[:, None])
