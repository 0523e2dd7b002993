"""The CMU database's BVH skeleton (its MotionBuilder release): HumanIK names, with a joint between hips and legs."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="CMU BVH",
    sides=(("Left", "Right"),),
    joints={
        "pelvis": ("Hips", "hip"),
        "spine1": ("LowerBack",),
        "spine2": ("Spine",),
        "spine3": ("Spine1",),
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
)
