"""VRoid Studio's VRM characters (`J_Bip_C_Hips`)."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="VRM (VRoid)",
    sides=(("L", "R"),),
    joints={
        "pelvis": ("J_Bip_C_Hips",),
        "spine1": ("J_Bip_C_Spine",),
        "spine2": ("J_Bip_C_Chest",),
        "spine3": ("J_Bip_C_UpperChest", "J_Bip_C_Chest"),
        "neck": ("J_Bip_C_Neck",),
        "head": ("J_Bip_C_Head",),
        "collar": ("J_Bip_{side}_Shoulder",),
        "shoulder": ("J_Bip_{side}_UpperArm",),
        "elbow": ("J_Bip_{side}_LowerArm",),
        "wrist": ("J_Bip_{side}_Hand",),
        "hip": ("J_Bip_{side}_UpperLeg",),
        "knee": ("J_Bip_{side}_LowerLeg",),
        "ankle": ("J_Bip_{side}_Foot",),
        "foot": ("J_Bip_{side}_ToeBase",),
    },
    fingers=tuple(
        tuple(f"J_Bip_{{side}}_{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("Thumb", "Index", "Middle", "Ring", "Little")
    ),
)
