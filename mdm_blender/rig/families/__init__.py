"""Every family we know, one module each. A new rig is a new table here and a line in FAMILIES."""

from __future__ import annotations

from ..family import Family
from . import character_creator, cmu_bvh, daz, mixamo, mpfb, rigify, rigify_metarig, smpl, unreal, vrm

FAMILIES: tuple[Family, ...] = (
    rigify.FAMILY,
    mixamo.FAMILY,
    rigify_metarig.FAMILY,
    unreal.FAMILY,
    vrm.FAMILY,
    mpfb.FAMILY,
    smpl.FAMILY,
    cmu_bvh.FAMILY,
    daz.FAMILY,
    character_creator.FAMILY,
)
"""In this order: of two that fit equally well, the first is taken."""
