"""Skeletons of motion-capture suits: Rokoko and Xsens."""

from __future__ import annotations

from ..family import Family

ROKOKO = Family(
    name="Rokoko",
    sides=(("Left", "Right"),),
    joints={
        "pelvis": ("Hips",),
        "spine1": ("Spine1", "Spine"),
        "spine2": ("Spine2", "Spine3"),
        "spine3": ("Spine4", "Spine3", "Spine2", "Chest"),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{side}Shoulder",),
        "shoulder": ("{side}Arm",),
        "elbow": ("{side}ForeArm",),
        "wrist": ("{side}Hand",),
        "hip": ("{side}Thigh",),
        "knee": ("{side}Shin",),
        "ankle": ("{side}Foot",),
        "foot": ("{side}Toe",),
    },
    fingers=tuple(
        tuple(f"{{side}}{finger}{joint}" for joint in joints)
        for finger, joints in (
            ("Finger1", ("Metacarpal", "Proximal", "Distal")),
            *((f"Finger{n}", ("Proximal", "Medial", "Distal")) for n in (2, 3, 4, 5)),
        )
    ),
)

XSENS = Family(
    name="Xsens",
    sides=(("Left", "Right"),),
    joints={
        "pelvis": ("Pelvis", "Hips"),
        "spine1": ("L5",),
        "spine2": ("L3", "T12"),
        "spine3": ("T8", "T12"),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{side}Shoulder",),
        "shoulder": ("{side}UpperArm",),
        "elbow": ("{side}ForeArm",),
        "wrist": ("{side}Hand",),
        "hip": ("{side}UpperLeg",),
        "knee": ("{side}LowerLeg",),
        "ankle": ("{side}Foot",),
        "foot": ("{side}Toe",),
    },
)
"""Vertebrae for a spine."""
