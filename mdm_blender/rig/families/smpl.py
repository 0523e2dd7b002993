"""SMPL, SMPL-H and SMPL-X armatures, by either spelling of their joints."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="SMPL",
    sides=(("L_", "R_"), ("left_", "right_")),
    joints={
        "pelvis": ("Pelvis", "pelvis"),
        "spine1": ("Spine1", "spine1"),
        "spine2": ("Spine2", "spine2"),
        "spine3": ("Spine3", "spine3"),
        "neck": ("Neck", "neck"),
        "head": ("Head", "head"),
        "collar": ("{side}Collar", "{side}collar"),
        "shoulder": ("{side}Shoulder", "{side}shoulder"),
        "elbow": ("{side}Elbow", "{side}elbow"),
        "wrist": ("{side}Wrist", "{side}wrist"),
        "hip": ("{side}Hip", "{side}hip"),
        "knee": ("{side}Knee", "{side}knee"),
        "ankle": ("{side}Ankle", "{side}ankle"),
        "foot": ("{side}Foot", "{side}foot"),
    },
    fingers=tuple(
        tuple(f"{{side}}{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("thumb", "index", "middle", "ring", "pinky")
    ),
)
