"""Rigify's metarigs (human, basic human) before a rig is generated from them."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="Rigify metarig",
    sides=(("L", "R"),),
    joints={
        "pelvis": ("spine",),
        "spine1": ("spine.001",),
        "spine2": ("spine.002",),
        "spine3": ("spine.003",),
        "neck": ("spine.004",),
        "head": ("spine.006", "spine.005"),
        "collar": ("shoulder.{side}",),
        "shoulder": ("upper_arm.{side}",),
        "elbow": ("forearm.{side}",),
        "wrist": ("hand.{side}",),
        "hip": ("thigh.{side}",),
        "knee": ("shin.{side}",),
        "ankle": ("foot.{side}",),
        "foot": ("toe.{side}",),
    },
    fingers=tuple(
        tuple(f"{finger}.{joint:02d}.{{side}}" for joint in (1, 2, 3))
        for finger in ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")
    ),
)
