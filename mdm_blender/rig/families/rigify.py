"""Rigify's generated human: the FK controls an animator keys, never its DEF-, ORG- or MCH- bones."""

from __future__ import annotations

from ..family import Family, SwitchRule

FAMILY = Family(
    name="Rigify",
    generated_by_rigify=True,
    sides=(("L", "R"),),
    root=("torso",),
    joints={
        "pelvis": ("spine_fk",),
        "spine1": ("spine_fk.001",),
        "spine2": ("spine_fk.002",),
        "spine3": ("spine_fk.006", "spine_fk.005", "spine_fk.004", "spine_fk.003", "chest"),
        "neck": ("neck",),
        "head": ("head",),
        "collar": ("shoulder.{side}",),
        "shoulder": ("upper_arm_fk.{side}",),
        "elbow": ("forearm_fk.{side}",),
        "wrist": ("hand_fk.{side}",),
        "hip": ("thigh_fk.{side}",),
        "knee": ("shin_fk.{side}",),
        "ankle": ("foot_fk.{side}",),
        "foot": ("toe_fk.{side}", "toe.{side}"),
    },
    # The lower spine hangs from the middle of the torso: the pelvis control is below it, as the legs are. The arms
    # follow the shoulders by a constraint.
    parents={"pelvis": ("spine1",), "spine1": ("root",), "spine2": ("root",), "shoulder": ("spine3",)},
    switches=(
        SwitchRule("upper_arm_parent.{side}", "IK_FK", 1.0),
        SwitchRule("thigh_parent.{side}", "IK_FK", 1.0),
    ),
    fingers=tuple(
        tuple(f"{finger}.{joint:02d}.{{side}}" for joint in (1, 2, 3))
        for finger in ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")
    ),
)
