"""What people and tools without a convention of their own call bones: Unity's and VRChat's words, plain anatomy."""

from __future__ import annotations

from ..family import FINGERS, Family, numbered

FAMILY = Family(
    name="Common names",
    sides=(("Left ", "Right "), ("L_", "R_"), ("_L", "_R")),
    joints={
        "pelvis": ("Hips", "Pelvis", "Hip", "Waist"),
        "spine1": ("Spine", "Spine1", "Spine01", "LowerSpine", "SpineLower", "Abdomen", "Torso", "Spine0"),
        "spine2": ("Chest", "Spine1", "Spine2", "Spine02", "MiddleSpine", "SpineMiddle", "SpineMid"),
        "spine3": (
            "UpperChest", "ChestUpper", "Spine3", "Spine03", "Spine2", "Spine02", "UpperSpine", "SpineUpper", "Chest",
            "Ribcage", "Ribs", "Spine1", "Spine01",
        ),
        "neck": ("Neck", "Neck1", "Neck01", "LowerNeck"),
        "head": ("Head", "Skull"),
        "collar": ("{side}Shoulder", "{side}Clavicle", "{side}Collar", "{side}Collarbone"),
        "shoulder": ("{side}UpperArm", "{side}ArmUpper", "{side}UpArm", "{side}Arm", "{side}Bicep", "{side}Humerus"),
        "elbow": ("{side}LowerArm", "{side}ArmLower", "{side}Forearm", "{side}Elbow", "{side}LowArm", "{side}Radius"),
        "wrist": ("{side}Hand", "{side}Wrist"),
        "hip": (
            "{side}UpperLeg", "{side}LegUpper", "{side}Thigh", "{side}UpLeg", "{side}Leg", "{side}Femur", "{side}Hip",
        ),
        "knee": ("{side}LowerLeg", "{side}LegLower", "{side}Shin", "{side}Calf", "{side}Knee", "{side}LowLeg",
                 "{side}Tibia"),
        "ankle": ("{side}Foot", "{side}Ankle"),
        "foot": ("{side}Toes", "{side}Toe", "{side}ToeBase", "{side}Ball", "{side}Toe1", "{side}FootTip"),
    },
    fingers=numbered("{side}{finger}{joint}", (*FINGERS, "little")),
)  # fmt: skip
