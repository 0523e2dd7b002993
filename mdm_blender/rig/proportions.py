"""Signs that a bone is missing and its neighbour plays its joint: what the panel asks about. No names.

`anatomy` says what no body has, under any name. Here are narrower ranges, for maps that no name supports: an upper arm
that is a collar begins in the middle of the chest, an ankle that is the toes lies before the knee.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from .anatomy import Doubt, Frame, body_frame
from .snapshot import RigSnapshot

Array = NDArray[np.floating]

UNUSUAL = 0.75
"""What is left of the confidence of a map with one or more such doubts."""

# Ratios, lowest and highest. In brackets: SMPL; the skeletons of tests/rig with legs ±30 %; the same without a bone.
HIPS = (0.12, 0.60)
"""Between the hips, in legs [0.26, 0.16 to 0.28; 0.09 with Poser's buttocks for thighs]."""
SHOULDERS = (0.95, 3.5)
"""Between the shoulders, in the width of the hips [2.5, 1.9; 0.4 with collars for upper arms, 4.8 with buttocks]."""
UPPER_ARM = (0.92, 1.8)
"""Upper arm, in forearms [0.97, 1.15; 0.85 with a hand's end for its wrist]."""
REACH = (0.38, 1.3)
"""Upper arm and forearm, in legs [0.63, 0.41 to 0.76; 0.30 with twist bones for joints]."""
COLLAR = (0.3, 1.2)
"""Collar to shoulder, in upper arms [0.51, 0.47 to 0.60; 0.25 with the second of two collars]."""
HAND = (0.0, 1.0)
"""Wrist to the farthest finger's last joint, in forearms [0.7, 0.6 to 0.92; 2.3 with a twist bone for the wrist]."""
FOOT = (0.115, 0.4)
"""Ankle to ball, level, in legs [0.17, 0.15 to 0.22; 0.06 with a heel for the ball]."""
FOOT_DROP = (0.025, 0.3)
"""Ball below the ankle, in legs [0.07, 0.07 to 0.10; 0.00 with the ends of the toes for the ball]."""
SHIN_LEAN = (-1.0, 0.04)
"""Ankle before the knee, in shins [-0.10, -0.10 to 0.02; 0.06 to 0.3 with bones of the foot for the ankle]."""
HEAD = (0.2, 0.55)
"""Head above the shoulders, in torsos [0.35, 0.33; 0.13 with the neck, 0.7 with the top of the head]."""
CHEST = (0.0, 1.0)
"""Chest below the shoulders, in torsos [0.2, 0.17 to 0.44; -0.14 with the neck]."""

BESIDE, ASIDE = 0.75, 0.06
"""Shares of forearm or shin: farther along and farther aside than this lies no twist bone."""
BETWEEN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("pelvis", "spine3", ("neck", "head")),
    ("spine3", "neck", ("head",)),
    *((f"{side}_shoulder", f"{side}_elbow", (f"{side}_wrist",)) for side in ("left", "right")),
)
"""The joint above, the one that may lack a bone, and those below."""


def unusual(rig: RigSnapshot, bones: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Everything about the map that few human bodies have. bones: joint -> bone, with hips and knees."""
    points = {joint: np.asarray(rig.bones[bone].head, dtype=np.float64) for joint, bone in bones.items()}
    frame = body_frame(points)
    if frame is None:
        return ()
    return (
        *_legs(points, frame),
        *_arms(points, frame),
        *_hands(rig, bones, points),
        *_trunk(points, frame),
        *_beside(rig, bones, points),
    )


def gaps(rig: RigSnapshot, bones: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Joints without a bone although bones lie between their neighbours': names or shape missed them."""
    found: list[Doubt] = []
    for above, joint, below in BETWEEN:
        lower = next((bones[j] for j in below if j in bones), None)
        if joint in bones or above not in bones or lower is None:
            continue
        way = list(rig.ancestors(lower))
        if bones[above] in way[1:]:
            found.append(
                Doubt((joint,), UNUSUAL, f"a bone between {_said(above)} and {_said(below[0])} plays no joint")
            )
    return tuple(found)


def _said(joint: str) -> str:
    return {"spine3": "chest"}.get(joint, joint.replace("_", " "))


def _outside(value: float, allowed: tuple[float, float]) -> bool:
    return not allowed[0] <= value <= allowed[1]


def _apart(points: Mapping[str, Array], start: str, end: str) -> float:
    return max(float(np.linalg.norm(points[end] - points[start])), 1e-9)


def _legs(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    if _outside(_apart(points, "left_hip", "right_hip") / frame.leg, HIPS):
        yield Doubt(("left_hip", "right_hip"), UNUSUAL, "the hips are unusually close together or far apart")
    for side in ("left", "right"):
        knee, ankle, foot = (points.get(f"{side}_{joint}") for joint in ("knee", "ankle", "foot"))
        if knee is None or ankle is None:
            continue
        joints = (f"{side}_ankle", f"{side}_foot")
        if _outside(float((ankle - knee) @ frame.forward) / _apart(points, f"{side}_knee", joints[0]), SHIN_LEAN):
            yield Doubt(joints, UNUSUAL, f"the {side} ankle is before the knee, as toes are")
        if foot is None:
            continue
        drop = -float((foot - ankle) @ frame.up)
        level = float(np.linalg.norm(foot - ankle + drop * frame.up))
        if _outside(drop / frame.leg, FOOT_DROP) or _outside(level / frame.leg, FOOT):
            yield Doubt(joints, UNUSUAL, f"the {side} foot is no foot's length or does not point down")


def _arms(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    if "left_shoulder" in points and "right_shoulder" in points:
        width = _apart(points, "left_shoulder", "right_shoulder") / _apart(points, "left_hip", "right_hip")
        if _outside(width, SHOULDERS):
            yield Doubt(("left_shoulder", "right_shoulder"), UNUSUAL, "the shoulders are no wider than the hips")
    for side in ("left", "right"):
        collar, shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("collar", "shoulder", "elbow", "wrist"))
        if shoulder not in points or elbow not in points:
            continue
        upper = _apart(points, shoulder, elbow)
        if collar in points and _outside(_apart(points, collar, shoulder) / upper, COLLAR):
            yield Doubt((collar, shoulder), UNUSUAL, f"the {side} collar has an unusual length")
        if wrist in points:
            fore = _apart(points, elbow, wrist)
            if _outside(upper / fore, UPPER_ARM) or _outside((upper + fore) / frame.leg, REACH):
                yield Doubt((shoulder, elbow, wrist), UNUSUAL, f"the {side} arm has unusual proportions")


def _hands(rig: RigSnapshot, bones: Mapping[str, str], points: Mapping[str, Array]) -> Iterator[Doubt]:
    """Both hands too long for their forearms: one alone may hold a weapon."""
    sides = [side for side in ("left", "right") if {f"{side}_elbow", f"{side}_wrist"} <= bones.keys()]
    shares: list[float] = []
    for side in sides:
        wrist = bones[f"{side}_wrist"]
        below = [bone.head for name, bone in rig.bones.items() if wrist in rig.ancestors(name)]
        farthest = max((float(np.linalg.norm(head - points[f"{side}_wrist"])) for head in below), default=0.0)
        shares.append(farthest / _apart(points, f"{side}_elbow", f"{side}_wrist"))
    if shares and _outside(min(shares), HAND):
        joints = tuple(f"{side}_{joint}" for side in sides for joint in ("elbow", "wrist"))
        yield Doubt(joints, UNUSUAL, "the hands are longer than the forearms")


def _beside(rig: RigSnapshot, bones: Mapping[str, str], points: Mapping[str, Array]) -> Iterator[Doubt]:
    """Wrists and ankles are alone at the end of their limb: beside a finger is the thumb, beside a toe the heel."""
    for upper, lower in (("elbow", "wrist"), ("knee", "ankle")):
        for side in ("left", "right"):
            start, end = f"{side}_{upper}", f"{side}_{lower}"
            if start not in bones or end not in bones:
                continue
            line = points[end] - points[start]
            length = _apart(points, start, end)
            for bone in rig.bones.values():
                if bone.parent == rig.bones[bones[end]].parent and bone.name != bones[end]:
                    along = float((bone.head - points[start]) @ line) / length**2
                    aside = float(np.linalg.norm(bone.head - points[start] - along * line)) / length
                    if along > BESIDE and aside > ASIDE:
                        yield Doubt((end,), UNUSUAL, f"“{bone.name}” lies beside the {side} {lower}")
                        break


def _trunk(points: Mapping[str, Array], frame: Frame) -> Iterator[Doubt]:
    if "left_shoulder" not in points or "right_shoulder" not in points:
        return
    shoulders = float((points["left_shoulder"] + points["right_shoulder"]) @ frame.up) / 2
    torso = max(shoulders - float((points["left_hip"] + points["right_hip"]) @ frame.up) / 2, 1e-9)
    if "head" in points and _outside((float(points["head"] @ frame.up) - shoulders) / torso, HEAD):
        yield Doubt(("neck", "head"), UNUSUAL, "the head is unusually low or high above the shoulders")
    if "spine3" in points and _outside((shoulders - float(points["spine3"] @ frame.up)) / torso, CHEST):
        joints = ("spine3", "neck", "left_shoulder", "right_shoulder")
        yield Doubt(joints, UNUSUAL, "the chest is not below the shoulders")
