"""Every family we know, small tables. A new rig is a new table here and a line in FAMILIES."""

from __future__ import annotations

from ..family import Family
from . import (
    auto_rig_pro,
    biped,
    character_creator,
    cmu_bvh,
    common,
    daz,
    mixamo,
    mmd,
    mocap,
    mpfb,
    rigify,
    rigify_metarig,
    smpl,
    unreal,
    vrm,
)

FAMILIES: tuple[Family, ...] = (
    rigify.FAMILY,
    auto_rig_pro.FAMILY,
    mixamo.FAMILY,
    mixamo.READY_PLAYER_ME,
    rigify_metarig.FAMILY,
    unreal.FAMILY,
    vrm.FAMILY,
    mpfb.FAMILY,
    smpl.FAMILY,
    cmu_bvh.FAMILY,
    cmu_bvh.POSITIONS,
    daz.FAMILY,
    daz.POSER,
    character_creator.FAMILY,
    biped.FAMILY,
    biped.LINKED_TO_SPINE,
    biped.SOURCE,
    biped.TEAM_FORTRESS,
    mocap.ROKOKO,
    mocap.XSENS,
    mmd.JAPANESE,
    mmd.ENGLISH,
    auto_rig_pro.EXPORTED,
    common.FAMILY,
)
"""In this order: of two that fit equally well, the first is taken."""
