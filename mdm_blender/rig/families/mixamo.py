"""Mixamo and all that speaks HumanIK's names, with `mixamorig:`, `Character1_` or nothing before; Ready Player Me."""

from __future__ import annotations

from dataclasses import replace

from ..family import Family

FAMILY = Family(
    name="Mixamo",
    sides=(("Left", "Right"),),
    joints={
        "pelvis": ("Hips",),
        "spine1": ("Spine",),
        "spine2": ("Spine1",),
        "spine3": ("Spine2", "Spine1", "Spine3", "Chest"),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{side}Shoulder",),
        "shoulder": ("{side}Arm",),
        "elbow": ("{side}ForeArm",),
        "wrist": ("{side}Hand",),
        "hip": ("{side}UpLeg",),
        "knee": ("{side}Leg",),
        "ankle": ("{side}Foot",),
        "foot": ("{side}ToeBase", "{side}Toe"),
    },
    fingers=tuple(
        tuple(f"{{side}}Hand{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")
    ),
)

READY_PLAYER_ME = replace(FAMILY, name="Ready Player Me", marks=("LeftEye", "RightEye"))
"""Mixamo's names without a prefix, with eyes."""
