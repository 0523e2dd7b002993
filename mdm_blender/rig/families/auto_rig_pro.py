"""Auto-Rig Pro: its FK controls, and the deforming skeleton that it exports for games."""

from __future__ import annotations

from ..family import FINGERS, Family, SwitchRule, numbered

FAMILY = Family(
    name="Auto-Rig Pro",
    sides=((".l", ".r"),),
    root=("c_root_master.x",),
    joints={
        "pelvis": ("c_root.x",),
        "spine1": ("c_spine_01.x",),
        "spine2": ("c_spine_02.x",),
        "spine3": ("c_spine_05.x", "c_spine_04.x", "c_spine_03.x", "c_spine_02.x"),
        "neck": ("c_neck.x",),
        "head": ("c_head.x",),
        "collar": ("c_shoulder{side}",),
        "shoulder": ("c_arm_fk{side}",),
        "elbow": ("c_forearm_fk{side}",),
        "wrist": ("c_hand_fk{side}",),
        "hip": ("c_thigh_fk{side}",),
        "knee": ("c_leg_fk{side}",),
        "ankle": ("c_foot_fk{side}",),
        "foot": ("c_toes_fk{side}",),
    },
    switches=(
        SwitchRule("c_hand_ik{side}", "ik_fk_switch", 1.0),
        SwitchRule("c_foot_ik{side}", "ik_fk_switch", 1.0),
    ),
    fingers=numbered("c_{finger}{joint}{side}", FINGERS),
    # Limbs follow the body by constraints or switches, so what is above them differs between releases.
    parents={
        "spine1": ("root", "pelvis"),
        "head": ("neck", "spine3"),
        "shoulder": ("collar", "spine3", "root"),
        "hip": ("pelvis", "root"),
    },
)

EXPORTED = Family(
    name="Auto-Rig Pro (game export)",
    sides=((".l", ".r"),),
    joints={
        "pelvis": ("root.x",),
        "spine1": ("spine_01.x",),
        "spine2": ("spine_02.x",),
        "spine3": ("spine_05.x", "spine_04.x", "spine_03.x", "spine_02.x"),
        "neck": ("neck.x",),
        "head": ("head.x",),
        "collar": ("shoulder{side}",),
        "shoulder": ("arm_stretch{side}",),
        "elbow": ("forearm_stretch{side}",),
        "wrist": ("hand{side}",),
        "hip": ("thigh_stretch{side}",),
        "knee": ("leg_stretch{side}",),
        "ankle": ("foot{side}",),
        "foot": ("toes_01{side}",),
    },
    fingers=numbered("{finger}{joint}{side}", FINGERS) + numbered("c_{finger}{joint}{side}", FINGERS),
)
