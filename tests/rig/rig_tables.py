"""Skeletons of known rigs as data: bone names and parents as the tools write them, and which joint each bone plays.

A row is `bone | parent | place | joint`. `{S}` makes two rows, a left and a right one. A place is a joint of the body
(`ankle` of a side), `a>b 0.5` between two, `a+x,y,z` beside one (metres; left side), or `floor`. A joint marks the bone
that should be found for it; with `?` a bone that would be as good (the middle of a long spine, say). `fingers` makes
the rows of a hand: `fingers | hand bone | pattern with {S} {F} {N} | finger names (- for none) | numbers (~ for "")`.

Written from what the tools export, not from `mdm_blender.rig.families`, and without code of anyone.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.rig.artist_tables import (
    BIPED,
    BIPED_TRIANGLE,
    BVH_JOINTS,
    BVH_SHORT,
    CHARACTER_CREATOR,
    CMU,
    DAZ_8,
    DAZ_9,
    POSER,
    SOURCE,
)
from tests.rig.game_tables import (
    EYES,
    GAME_ENGINE,
    HUMAN_IK,
    METARIG,
    METARIG_HUMAN,
    MPFB_DEFAULT,
    SMPL_H,
    SMPL_X,
    UNREAL_4,
    UNREAL_5,
    VROID,
)
from tests.rig.more_tables import (
    AUTO_RIG_CONTROLS,
    AUTO_RIG_EXPORT,
    MMD_ENGLISH,
    MMD_JAPANESE,
    PLAIN_ENGLISH,
    ROKOKO,
    TEAM_FORTRESS,
    UNITY_WORDS,
    XSENS,
)


@dataclass(frozen=True)
class RigTable:
    """rows: see above. sides: what `{S}` (and `{s}`, the first letter) stands for. prefix: before every name."""

    label: str
    family: str
    rows: str
    sides: tuple[str, str]
    prefix: str = ""


LEFT_RIGHT, DOT = ("Left", "Right"), ("L", "R")
TABLES: tuple[RigTable, ...] = (
    RigTable("Mixamo", "Mixamo", HUMAN_IK, LEFT_RIGHT, "mixamorig:"),
    RigTable("Mixamo without prefix", "Mixamo", HUMAN_IK, LEFT_RIGHT),
    RigTable("HumanIK / MotionBuilder", "Mixamo", HUMAN_IK, LEFT_RIGHT, "Character1_"),
    RigTable("Ready Player Me", "Ready Player Me", HUMAN_IK + EYES, LEFT_RIGHT),
    RigTable("Rigify metarig (human)", "Rigify metarig", METARIG_HUMAN, DOT),
    RigTable("Rigify metarig (basic human)", "Rigify metarig", METARIG, DOT),
    RigTable("Unreal 4 mannequin", "Unreal", UNREAL_4, ("l", "r")),
    RigTable("Unreal 5 mannequin", "Unreal", UNREAL_5, ("l", "r")),
    RigTable("VRM (VRoid)", "VRM (VRoid)", VROID, DOT),
    RigTable("MPFB / MakeHuman default", "MPFB default", MPFB_DEFAULT, DOT),
    RigTable("MPFB game engine", "Unreal", GAME_ENGINE, ("l", "r")),
    RigTable("SMPL-H", "SMPL", SMPL_H, DOT, "m_avg_"),
    RigTable("SMPL-X", "SMPL", SMPL_X, ("left", "right")),
    RigTable("CMU / MotionBuilder BVH", "CMU BVH", CMU, LEFT_RIGHT),
    RigTable("BVH, joints (Xsens, 3ds Max)", "BVH (3ds Max, Xsens)", BVH_JOINTS, LEFT_RIGHT),
    RigTable("BVH, short spine, no toes", "BVH (3ds Max, Xsens)", BVH_SHORT, LEFT_RIGHT),
    RigTable("Daz Genesis 3 / 8", "Daz Genesis", DAZ_8, ("l", "r")),
    RigTable("Daz Genesis 9", "Daz Genesis", DAZ_9, ("l", "r")),
    RigTable("Poser / Daz-friendly BVH", "Poser", POSER, ("l", "r")),
    RigTable("Character Creator / ActorCore", "Character Creator", CHARACTER_CREATOR, DOT),
    RigTable("3ds Max Biped", "3ds Max Biped", BIPED, DOT),
    RigTable("3ds Max Biped, triangle pelvis", "3ds Max Biped", BIPED_TRIANGLE, DOT),
    RigTable("Source (ValveBiped)", "Source (ValveBiped)", SOURCE, DOT),
    RigTable("Source (bip)", "Source (bip)", TEAM_FORTRESS, DOT),
    RigTable("Rokoko", "Rokoko", ROKOKO, LEFT_RIGHT),
    RigTable("Xsens", "Xsens", XSENS, LEFT_RIGHT),
    RigTable("MMD, Japanese", "MMD", MMD_JAPANESE, ("左", "右")),
    RigTable("MMD, English", "MMD (English names)", MMD_ENGLISH, DOT),
    RigTable("Auto-Rig Pro, controls", "Auto-Rig Pro", AUTO_RIG_CONTROLS, ("l", "r")),
    RigTable("Auto-Rig Pro, game export", "Auto-Rig Pro (game export)", AUTO_RIG_EXPORT, ("l", "r")),
    RigTable("Unity / VRChat words", "Common names", UNITY_WORDS, LEFT_RIGHT),
    RigTable("plain English", "Common names", PLAIN_ENGLISH, DOT),
)
