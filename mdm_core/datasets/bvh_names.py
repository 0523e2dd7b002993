"""What the joints of BVH files are called, as data: SMPL-22's joints by the names of each convention.

`{Side}` stands for Left or Right, `{s}` for l or r (and `{S}` for L or R). Names are compared without case, separators
and what stands before a colon. Spine joints are listed from the pelvis up; how many there are differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """joints: SMPL joint (without its side) to the names it may have; head, collar and foot may be missing. spine: the
    names between pelvis and neck that a file may have, upwards."""

    name: str
    joints: Mapping[str, tuple[str, ...]]
    spine: tuple[str, ...]


CMU = Convention(
    name="CMU (MotionBuilder)",
    joints={
        "pelvis": ("Hips",),
        "hip": ("{Side}UpLeg",),
        "knee": ("{Side}Leg",),
        "ankle": ("{Side}Foot",),
        "foot": ("{Side}ToeBase",),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{Side}Shoulder",),
        "shoulder": ("{Side}Arm",),
        "elbow": ("{Side}ForeArm",),
        "wrist": ("{Side}Hand",),
    },
    spine=("Spine", "Spine1", "Spine2", "Spine3", "Spine4"),
)
"""HumanIK's names, which Mixamo, Rokoko, LAFAN1 and CMU's MotionBuilder edition use."""

POSITIONS = Convention(
    name="3ds Max, Xsens",
    joints={
        "pelvis": ("Hips", "Hip"),
        "hip": ("{Side}Hip", "{Side}UpLeg"),
        "knee": ("{Side}Knee", "{Side}LowLeg"),
        "ankle": ("{Side}Ankle", "{Side}Foot"),
        "foot": ("{Side}Toe",),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{Side}Collar",),
        "shoulder": ("{Side}Shoulder", "{Side}UpArm"),
        "elbow": ("{Side}Elbow", "{Side}LowArm"),
        "wrist": ("{Side}Wrist", "{Side}Hand"),
    },
    spine=("Chest", "Chest2", "Chest3", "Chest4"),
)

DAZ = Convention(
    name="Poser, Daz",
    joints={
        "pelvis": ("hip", "pelvis"),
        "hip": ("{s}Thigh",),
        "knee": ("{s}Shin",),
        "ankle": ("{s}Foot",),
        "foot": ("{s}Toe",),
        "neck": ("neck",),
        "head": ("head",),
        "collar": ("{s}Collar",),
        "shoulder": ("{s}Shldr",),
        "elbow": ("{s}ForeArm",),
        "wrist": ("{s}Hand",),
    },
    spine=("abdomen", "chest"),
)

UNREAL = Convention(
    name="Unreal",
    joints={
        "pelvis": ("pelvis",),
        "hip": ("thigh_{s}",),
        "knee": ("calf_{s}",),
        "ankle": ("foot_{s}",),
        "foot": ("ball_{s}",),
        "neck": ("neck_01",),
        "head": ("head",),
        "collar": ("clavicle_{s}",),
        "shoulder": ("upperarm_{s}",),
        "elbow": ("lowerarm_{s}",),
        "wrist": ("hand_{s}",),
    },
    spine=("spine_01", "spine_02", "spine_03", "spine_04", "spine_05"),
)

SMPL = Convention(
    name="SMPL",
    joints={
        "pelvis": ("pelvis",),
        "hip": ("{Side}_hip", "{S}_Hip"),
        "knee": ("{Side}_knee", "{S}_Knee"),
        "ankle": ("{Side}_ankle", "{S}_Ankle"),
        "foot": ("{Side}_foot", "{S}_Foot", "{S}_Toe"),
        "neck": ("neck",),
        "head": ("head",),
        "collar": ("{Side}_collar", "{S}_Collar", "{S}_Thorax"),
        "shoulder": ("{Side}_shoulder", "{S}_Shoulder"),
        "elbow": ("{Side}_elbow", "{S}_Elbow"),
        "wrist": ("{Side}_wrist", "{S}_Wrist"),
    },
    spine=("spine1", "spine2", "spine3"),
)
"""The names of this program's own files, and those that SMPL's own tools write."""

CONVENTIONS = (CMU, SMPL, POSITIONS, UNREAL, DAZ)

LENGTHS: Mapping[str, float] = {
    "metres": 1.0, "centimetres": 0.01, "millimetres": 0.001, "inches": 0.0254, "CMU's 0.45 inches": 0.0254 / 0.45,
}  # fmt: skip
"""Metres for 1 of what a BVH file may count in; it never says which, so a leg of human length decides."""
