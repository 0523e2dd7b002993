"""3ds Max's Biped (`Bip01 L Thigh`), its BVH and FBX files, and Valve's Source engine, which took over its names."""

from __future__ import annotations

from dataclasses import replace

from ..family import Family

FAMILY = Family(
    name="3ds Max Biped",
    sides=(("L ", "R "),),
    joints={
        "pelvis": ("Pelvis",),
        "spine1": ("Spine",),
        "spine2": ("Spine1", "Spine2"),
        "spine3": ("Spine4", "Spine3", "Spine2", "Spine1"),
        "neck": ("Neck", "Neck1"),
        "head": ("Head", "Head1"),
        "collar": ("{side}Clavicle",),
        "shoulder": ("{side}UpperArm",),
        "elbow": ("{side}Forearm",),
        "wrist": ("{side}Hand",),
        "hip": ("{side}Thigh",),
        "knee": ("{side}Calf",),
        "ankle": ("{side}Foot",),
        "foot": ("{side}Toe0", "{side}Toe"),
    },
    fingers=tuple((f"{{side}}Finger{n}", f"{{side}}Finger{n}1", f"{{side}}Finger{n}2") for n in range(5)),
    parents={"collar": ("neck", "spine3")},
)

LINKED_TO_SPINE = replace(
    FAMILY,
    root=("Pelvis",),
    joints={**FAMILY.joints, "pelvis": ("Spine",), "spine1": ("Spine1",), "spine2": ("Spine2",)},
    parents={**FAMILY.parents, "pelvis": ("root",)},
)
"""Biped's "triangle pelvis": the legs hang from the lowest spine bone, which therefore is part of the pelvis."""

SOURCE = replace(FAMILY, name="Source (ValveBiped)", marks=("Spine4", "Neck1", "Head1"), parents={})
"""Half-Life 2 and after: `ValveBiped.Bip01_L_Thigh`."""

TEAM_FORTRESS = Family(
    name="Source (bip)",
    sides=(("_L", "_R"),),
    joints={
        "pelvis": ("bip_pelvis",),
        "spine1": ("bip_spine_0",),
        "spine2": ("bip_spine_1",),
        "spine3": ("bip_spine_3", "bip_spine_2"),
        "neck": ("bip_neck",),
        "head": ("bip_head",),
        "collar": ("bip_collar{side}",),
        "shoulder": ("bip_upperArm{side}",),
        "elbow": ("bip_lowerArm{side}",),
        "wrist": ("bip_hand{side}",),
        "hip": ("bip_hip{side}",),
        "knee": ("bip_knee{side}",),
        "ankle": ("bip_foot{side}",),
        "foot": ("bip_toe{side}",),
    },
    fingers=tuple(
        tuple(f"bip_{finger}_{joint}{{side}}" for joint in (0, 1, 2))
        for finger in ("thumb", "index", "middle", "ring", "pinky")
    ),
)
"""Team Fortress 2 and after: `bip_hip_L`."""
