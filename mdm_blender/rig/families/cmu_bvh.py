"""BVH skeletons: CMU's (MotionBuilder edition: HumanIK names, a joint between hips and legs) and 3ds Max's."""

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

POSITIONS = Family(
    name="BVH (3ds Max, Xsens)",
    sides=(("Left", "Right"),),
    joints={
        "pelvis": ("Hips", "Hip"),
        "spine1": ("Chest",),
        "spine2": ("Chest2", "Chest3"),
        "spine3": ("Chest4", "Chest3", "Chest2", "Chest"),
        "neck": ("Neck",),
        "head": ("Head",),
        "collar": ("{side}Collar",),
        "shoulder": ("{side}Shoulder", "{side}UpArm"),
        "elbow": ("{side}Elbow", "{side}LowArm"),
        "wrist": ("{side}Wrist", "{side}Hand"),
        "hip": ("{side}Hip", "{side}UpLeg"),
        "knee": ("{side}Knee", "{side}LowLeg"),
        "ankle": ("{side}Ankle", "{side}Foot"),
        "foot": ("{side}Toe",),
    },
)
"""Names by the joint: what 3ds Max, the CMU database in its 3ds Max edition and Xsens write as BVH."""
