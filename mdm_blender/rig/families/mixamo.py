"""Mixamo and everything that speaks HumanIK's names: with `mixamorig:`, `mixamorig1:`, another prefix or none."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="Mixamo",
    prefix=r"(mixamorig\d*[:_]?|[^:]+:)?",
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
        "foot": ("{side}ToeBase",),
    },
    fingers=tuple(
        tuple(f"{{side}}Hand{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")
    ),
)
