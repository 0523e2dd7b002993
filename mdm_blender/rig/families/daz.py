"""Daz Genesis 3, 8 and 8.1 (limbs bend and twist in two bones; the bending one is keyed) and Genesis 9."""

from __future__ import annotations

from dataclasses import replace

from ..family import Family

FAMILY = Family(
    name="Daz Genesis",
    sides=(("l", "r"), ("l_", "r_")),
    root=("hip",),
    joints={
        "pelvis": ("pelvis",),
        "spine1": ("abdomenLower", "spine1"),
        "spine2": ("abdomenUpper", "spine2"),
        "spine3": ("chestUpper", "chestLower", "chest", "spine4", "spine3"),
        "neck": ("neckLower", "neck1", "neck"),
        "head": ("head",),
        "collar": ("{side}Collar", "{side}shoulder"),
        "shoulder": ("{side}ShldrBend", "{side}Shldr", "{side}upperarm"),
        "elbow": ("{side}ForearmBend", "{side}ForeArm", "{side}forearm"),
        "wrist": ("{side}Hand", "{side}hand"),
        "hip": ("{side}ThighBend", "{side}Thigh", "{side}thigh"),
        "knee": ("{side}Shin", "{side}shin"),
        "ankle": ("{side}Foot", "{side}foot"),
        "foot": ("{side}Toe", "{side}toes"),
    },
    fingers=tuple(
        tuple(f"{{side}}{finger}{joint}" for joint in (1, 2, 3))
        for finger in ("Thumb", "Index", "Mid", "Ring", "Pinky")
    ),
    parents={"spine1": ("root",)},
)

POSER = replace(
    FAMILY,
    name="Poser",
    root=(),
    joints={
        **FAMILY.joints,
        "pelvis": ("hip", "hips"),
        "spine1": ("abdomen",),
        "spine2": ("abdomen2",),
        "spine3": ("chest",),
    },
    parents={},
)
"""Poser's figures, and the CMU database as "Daz-friendly" BVH: no pelvis of its own, buttocks above the thighs."""
