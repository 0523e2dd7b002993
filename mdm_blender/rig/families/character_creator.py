"""Reallusion's Character Creator, iClone, ActorCore and AccuRIG (`CC_Base_Hip`)."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="Character Creator",
    sides=(("L", "R"),),
    root=("Hip",),
    joints={
        "pelvis": ("Pelvis",),
        "spine1": ("Waist",),
        "spine2": ("Spine01",),
        "spine3": ("Spine02",),
        "neck": ("NeckTwist01",),
        "head": ("Head",),
        "collar": ("{side}_Clavicle",),
        "shoulder": ("{side}_Upperarm",),
        "elbow": ("{side}_Forearm",),
        "wrist": ("{side}_Hand",),
        "hip": ("{side}_Thigh",),
        "knee": ("{side}_Calf",),
        "ankle": ("{side}_Foot",),
        "foot": ("{side}_ToeBase",),
    },
    fingers=tuple(
        tuple(f"{{side}}_{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("Thumb", "Index", "Mid", "Ring", "Pinky")
    ),
    parents={"spine1": ("root",)},
)
