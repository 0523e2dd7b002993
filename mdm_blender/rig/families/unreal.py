"""Epic's mannequins (Unreal Engine 4 and 5) and the game rigs that copy their names (MPFB game engine)."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="Unreal",
    sides=(("l", "r"),),
    joints={
        "pelvis": ("pelvis",),
        "spine1": ("spine_01",),
        "spine2": ("spine_02", "spine_03"),
        "spine3": ("spine_05", "spine_04", "spine_03"),
        "neck": ("neck_01",),
        "head": ("head",),
        "collar": ("clavicle_{side}",),
        "shoulder": ("upperarm_{side}",),
        "elbow": ("lowerarm_{side}",),
        "wrist": ("hand_{side}",),
        "hip": ("thigh_{side}",),
        "knee": ("calf_{side}",),
        "ankle": ("foot_{side}",),
        "foot": ("ball_{side}",),
    },
    fingers=tuple(
        tuple(f"{finger}_{joint:02d}_{{side}}" for joint in (1, 2, 3))
        for finger in ("thumb", "index", "middle", "ring", "pinky")
    ),
)
