"""MPFB's default rig (MakeHuman): limbs of two bones each, of which the upper is keyed."""

from __future__ import annotations

from ..family import Family

FAMILY = Family(
    name="MPFB default",
    sides=(("L", "R"),),
    joints={
        "pelvis": ("root",),
        "spine1": ("spine05",),
        "spine2": ("spine03",),
        "spine3": ("spine01",),
        "neck": ("neck01",),
        "head": ("head",),
        "collar": ("clavicle.{side}",),
        "shoulder": ("upperarm01.{side}",),
        "elbow": ("lowerarm01.{side}",),
        "wrist": ("wrist.{side}",),
        "hip": ("upperleg01.{side}",),
        "knee": ("lowerleg01.{side}",),
        "ankle": ("foot.{side}",),
        "foot": ("toe1-1.{side}",),
    },
    fingers=tuple(tuple(f"finger{finger}-{joint}.{{side}}" for joint in (1, 2, 3)) for finger in (1, 2, 3, 4, 5)),
)
