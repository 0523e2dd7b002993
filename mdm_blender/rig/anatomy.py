"""Does a map fit a human body? What the places of the bones at rest say against it, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .family import PAIRED
from .snapshot import RigSnapshot

Array = NDArray[np.floating]

SEGMENTS = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
ARM, LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")


@dataclass(frozen=True)
class Doubt:
    """joints: whose bones may be wrong. share: what is left of the confidence. reason: a sentence's half."""

    joints: tuple[str, ...]
    share: float
    reason: str


@dataclass(frozen=True)
class Frame:
    """The body's own axes in armature space, and its measure. up and left: unit vectors [3]; leg: thigh and shin."""

    up: Array
    left: Array
    leg: float

    @property
    def forward(self) -> Array:
        return np.cross(self.left, self.up)


def doubts(rig: RigSnapshot, bones: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Everything about the map that no human body has. bones: joint -> bone, with pelvis, hips and knees."""
    points = {joint: np.asarray(rig.bones[bone].head, dtype=np.float64) for joint, bone in bones.items()}
    frame = body_frame(points)
    if frame is None:
        return (Doubt(("left_hip", "right_hip"), 0.0, "the legs have no length or lie in each other"),)
    return (
        *_legs(points, frame),
        *_torso(points, frame),
        *_arms(points, frame),
        *_sides(points, frame),
        *_symmetry(points),
        *_feet(rig, bones, points, frame),
        *_chains(rig, bones),
    )


def body_frame(points: Mapping[str, Array]) -> Frame | None:
    """Axes from hips, knees and the top of the spine; None where they have no extent."""
    hips = (points["left_hip"] + points["right_hip"]) / 2
    low = [points[f"{s}_ankle"] if f"{s}_ankle" in points else points[f"{s}_knee"] for s in ("left", "right")]
    feet = (low[0] + low[1]) / 2
    up, across = hips - feet, points["left_hip"] - points["right_hip"]
    leg = float(np.linalg.norm(up))
    across = across - up * (across @ up) / max(leg * leg, 1e-12)
    width = float(np.linalg.norm(across))
    if leg < 1e-6 or width < 1e-3 * leg:
        return None
    return Frame(up / leg, across / width, leg)


def _legs(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    for side in ("left", "right"):
        hip, knee = (float(points[f"{side}_{j}"] @ frame.up) for j in ("hip", "knee"))
        ankle = points.get(f"{side}_ankle")
        if knee > hip or (ankle is not None and float(ankle @ frame.up) > knee):
            yield Doubt(tuple(f"{side}_{j}" for j in LEG), 0.5, f"the {side} leg does not go down")
        if ankle is not None:
            thigh = float(np.linalg.norm(points[f"{side}_knee"] - points[f"{side}_hip"]))
            shin = float(np.linalg.norm(ankle - points[f"{side}_knee"]))
            if not 0.45 < thigh / max(shin, 1e-9) < 2.2:
                yield Doubt((f"{side}_knee", f"{side}_ankle"), 0.7, f"the {side} thigh and shin differ much in length")
    pelvis = float((points["pelvis"] - (points["left_hip"] + points["right_hip"]) / 2) @ frame.up)
    if abs(pelvis) > 0.35 * frame.leg:
        yield Doubt(("pelvis", "left_hip", "right_hip"), 0.6, "the pelvis is far from the hips")
    apart = float((points["left_hip"] - points["right_hip"]) @ frame.left)
    if apart > 0.9 * frame.leg:
        yield Doubt(("left_hip", "right_hip"), 0.6, "the hips are very far apart")


def _torso(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    """The spine goes on where the legs end; a quadruped's turns forward."""
    top = next((points[j] for j in ("neck", "head", "spine3", "spine2") if j in points), None)
    if top is None:
        return
    hips = (points["left_hip"] + points["right_hip"]) / 2
    spine = top - hips
    length = float(np.linalg.norm(spine))
    if float(spine @ frame.up) < 0.75 * length:
        yield Doubt(("spine1", "spine2", "spine3", "neck", "head"), 0.3, "the spine does not stand on the legs")
    if not 0.1 < length / frame.leg < 4.0:
        yield Doubt(("spine3", "neck"), 0.7, "the torso is too short or too long for the legs")
    heights = [float(points[j] @ frame.up) for j in ("spine1", "spine2", "spine3", "neck", "head") if j in points]
    if any(b < a - 0.03 * frame.leg for a, b in zip(heights, heights[1:], strict=False)):
        yield Doubt(("spine1", "spine2", "spine3", "neck", "head"), 0.7, "the spine does not rise from bone to bone")


def _arms(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    hips = float(((points["left_hip"] + points["right_hip"]) / 2) @ frame.up)
    for side in ("left", "right"):
        joints = tuple(f"{side}_{joint}" for joint in ARM)
        shoulder, elbow, wrist = (points.get(joint) for joint in joints)
        if shoulder is None:
            continue
        if float(shoulder @ frame.up) < hips:
            yield Doubt(joints, 0.4, f"the {side} arm starts below the hips")
        if wrist is None or elbow is None:
            continue
        if float(wrist @ frame.up) < hips - 0.6 * frame.leg:
            yield Doubt(joints, 0.4, f"the {side} hand is at the feet")
        upper, fore = float(np.linalg.norm(elbow - shoulder)), float(np.linalg.norm(wrist - elbow))
        if not 0.45 < upper / max(fore, 1e-9) < 2.2:
            yield Doubt(joints[1:], 0.7, f"the {side} upper arm and forearm differ much in length")
        if upper + fore < 0.25 * frame.leg:
            yield Doubt(joints, 0.7, f"the {side} arm is very short")


def _sides(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    """Each side's joints lie on its side of the middle between the hips."""
    middle = float(((points["left_hip"] + points["right_hip"]) / 2) @ frame.left)
    crossed = tuple(
        f"{side}_{joint}"
        for side, sign in (("left", 1.0), ("right", -1.0))
        for joint in PAIRED
        if f"{side}_{joint}" in points
        and sign * (float(points[f"{side}_{joint}"] @ frame.left) - middle) < -0.03 * frame.leg
    )
    if crossed:
        yield Doubt(crossed, 0.5, "left and right bones are on one side")
    centred = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
    aside = tuple(j for j in centred if j in points and abs(float(points[j] @ frame.left) - middle) > 0.15 * frame.leg)
    if aside:
        yield Doubt(aside, 0.6, "spine or head are not in the middle")


def _symmetry(points: Mapping[str, Array]) -> Iterator[Doubt]:
    for start, end in SEGMENTS:
        pairs = [(f"{side}_{start}", f"{side}_{end}") for side in ("left", "right")]
        if all(a in points and b in points for a, b in pairs):
            left, right = (float(np.linalg.norm(points[b] - points[a])) for a, b in pairs)
            if not 0.8 < left / max(right, 1e-9) < 1.25:
                yield Doubt(tuple(b for _, b in pairs), 0.7, f"the {end}s are not where the other side's are")


def _feet(rig: RigSnapshot, bones: Mapping[str, str], points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    """Toes point forward; where they point backward, left and right were exchanged."""
    ahead = 0.0
    for side in ("left", "right"):
        if f"{side}_ankle" in points and f"{side}_foot" in points:
            foot = points[f"{side}_foot"] - points[f"{side}_ankle"]
            if rig.bones[bones[f"{side}_foot"]].parent is None:
                continue
            ahead += float(foot @ frame.forward) / frame.leg
            if float(np.linalg.norm(foot)) > 0.6 * frame.leg:
                yield Doubt((f"{side}_foot",), 0.75, f"the {side} foot is very long")
    if ahead < -0.05:
        yield Doubt(("left_hip", "right_hip"), 0.4, "the feet point backward, so left and right may be exchanged")


def _chains(rig: RigSnapshot, bones: Mapping[str, str]) -> Iterator[Doubt]:
    """A leg hangs together."""
    for side in ("left", "right"):
        for upper, lower in (("hip", "knee"), ("knee", "ankle")):
            a, b = bones.get(f"{side}_{upper}"), bones.get(f"{side}_{lower}")
            if a is not None and b is not None and a not in rig.ancestors(b):
                yield Doubt((f"{side}_{lower}",), 0.7, f"the {side} {lower} does not hang from the {upper}")
