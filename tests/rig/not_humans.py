"""Armatures that are no human, as data: `bone | parent | x y z` in Blender's axes; `{S}` makes a left and a right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mdm_blender.rig import RigSnapshot
from tests.rig.skeletons import BoneData, snapshot

DOG = """
spine | - | 0 0.5 0.75
spine.001 | spine | 0 0.3 0.78
spine.002 | spine.001 | 0 0.1 0.78
spine.003 | spine.002 | 0 -0.1 0.78
neck | spine.003 | 0 -0.36 0.84
head | neck | 0 -0.5 0.9
tail.001 | spine | 0 0.6 0.74
tail.002 | tail.001 | 0 0.75 0.7
tail.003 | tail.002 | 0 0.9 0.66
shoulder.{S} | spine.003 | 0.06 -0.26 0.85
upper_arm.{S} | shoulder.{S} | 0.12 -0.32 0.69
forearm.{S} | upper_arm.{S} | 0.12 -0.22 0.44
hand.{S} | forearm.{S} | 0.11 -0.22 0.17
thigh.{S} | spine | 0.12 0.34 0.74
shin.{S} | thigh.{S} | 0.12 0.27 0.47
foot.{S} | shin.{S} | 0.11 0.47 0.25
toe.{S} | foot.{S} | 0.11 0.41 0.04
"""

UNREAL_HORSE = """
root | - | 0 0 0
pelvis | root | 0 0.8 1.4
spine_01 | pelvis | 0 0.4 1.4
spine_02 | spine_01 | 0 0.2 1.35
spine_03 | spine_02 | 0 -0.2 1.3
neck_01 | spine_03 | 0 -0.75 1.4
head | neck_01 | 0 -1.2 1.8
clavicle_{S} | spine_03 | 0.1 -0.5 1.5
upperarm_{S} | clavicle_{S} | 0.16 -0.7 1.1
lowerarm_{S} | upperarm_{S} | 0.16 -0.55 0.84
hand_{S} | lowerarm_{S} | 0.16 -0.54 0.48
thigh_{S} | pelvis | 0.19 0.62 1.4
calf_{S} | thigh_{S} | 0.19 0.56 1.03
foot_{S} | calf_{S} | 0.19 0.76 0.6
ball_{S} | foot_{S} | 0.19 0.69 0.2
"""

SPIDER = """
body | - | 0 0 0.5
abdomen | body | 0 0.3 0.55
leg1_{S} | body | 0.1 -0.15 0.5
leg1b_{S} | leg1_{S} | 0.4 -0.4 0.8
leg1c_{S} | leg1b_{S} | 0.8 -0.7 0
leg2_{S} | body | 0.12 -0.05 0.5
leg2b_{S} | leg2_{S} | 0.5 -0.15 0.8
leg2c_{S} | leg2b_{S} | 1.0 -0.25 0
leg3_{S} | body | 0.12 0.05 0.5
leg3b_{S} | leg3_{S} | 0.5 0.15 0.8
leg3c_{S} | leg3b_{S} | 1.0 0.25 0
leg4_{S} | body | 0.1 0.15 0.5
leg4b_{S} | leg4_{S} | 0.4 0.4 0.8
leg4c_{S} | leg4b_{S} | 0.8 0.7 0
"""

CAMERA = """
Root | - | 0 0 0
Aim | Root | 0 -5 1.5
Camera | Root | 0 0 1.5
Crane_Height | Root | 0 0 1
Crane_Arm | Crane_Height | 0 0 2
"""

SWORD = """
handle | - | 0 0 0
guard | handle | 0 0 0.2
blade | guard | 0 0 0.3
tip | blade | 0 0 1.2
"""

DESK_LAMP = """
base | - | 0 0 0
lower | base | 0 0 0.05
upper | lower | 0 0.2 0.45
head | upper | 0 -0.1 0.75
"""

TABLE = """
top | - | 0 0 0.7
leg_front.{S} | top | 0.5 -0.3 0.7
leg_front_end.{S} | leg_front.{S} | 0.5 -0.3 0.02
leg_back.{S} | top | 0.5 0.3 0.7
leg_back_end.{S} | leg_back.{S} | 0.5 0.3 0.02
"""

HANDS = """
root | - | 0 0 0
hand.{S} | root | 0.3 0 1.2
thumb.01.{S} | hand.{S} | 0.32 -0.03 1.2
thumb.02.{S} | thumb.01.{S} | 0.34 -0.06 1.2
thumb.03.{S} | thumb.02.{S} | 0.36 -0.08 1.2
index.01.{S} | hand.{S} | 0.38 -0.02 1.2
index.02.{S} | index.01.{S} | 0.42 -0.02 1.2
index.03.{S} | index.02.{S} | 0.44 -0.02 1.2
middle.01.{S} | hand.{S} | 0.38 0 1.2
middle.02.{S} | middle.01.{S} | 0.42 0 1.2
middle.03.{S} | middle.02.{S} | 0.45 0 1.2
ring.01.{S} | hand.{S} | 0.38 0.02 1.2
ring.02.{S} | ring.01.{S} | 0.42 0.02 1.2
ring.03.{S} | ring.02.{S} | 0.44 0.02 1.2
"""

CAR = """
body | - | 0 0 0.5
wheel_front_{S} | body | 0.8 -1.2 0.3
wheel_back_{S} | body | 0.8 1.2 0.3
door_{S} | body | 0.9 -0.4 0.8
steering | body | 0.4 -0.3 1.0
"""

FACE = """
head | - | 0 0 1.6
jaw | head | 0 -0.03 1.6
chin | jaw | 0 -0.1 1.55
eye.{S} | head | 0.03 -0.09 1.68
brow.{S} | head | 0.02 -0.1 1.72
brow.001.{S} | brow.{S} | 0.04 -0.09 1.73
cheek.{S} | head | 0.05 -0.07 1.63
cheek.001.{S} | cheek.{S} | 0.05 -0.08 1.6
ear.{S} | head | 0.08 0 1.67
ear.001.{S} | ear.{S} | 0.09 0.01 1.7
"""

NOT_HUMANS: Mapping[str, str] = {
    "dog": DOG, "Unreal horse": UNREAL_HORSE, "spider": SPIDER, "camera rig": CAMERA, "sword": SWORD,
    "desk lamp": DESK_LAMP, "table": TABLE, "hands only": HANDS, "car": CAR, "face": FACE, "no bones": "",
}  # fmt: skip


def build(name: str) -> RigSnapshot:
    """One of NOT_HUMANS, tails at the first child or straight up."""
    rows: list[tuple[str, str | None, np.ndarray]] = []
    for line in filter(None, NOT_HUMANS[name].splitlines()):
        bone, parent, place = (cell.strip() for cell in line.split("|"))
        at = np.array([float(part) for part in place.split()])
        above = None if parent == "-" else parent
        for side, sign in (("L", 1.0), ("R", -1.0)) if "{S}" in bone else (("", 1.0),):
            rows.append(
                (bone.replace("{S}", side), above and above.replace("{S}", side), at * np.array([sign, 1.0, 1.0]))
            )
    bones: list[BoneData] = []
    for bone, above, at in rows:
        tail = next((place for _, parent, place in rows if parent == bone and not np.allclose(place, at)), None)
        bones.append(BoneData(bone, above, at, at + [0, 0, 0.1] if tail is None else tail, 0.0))
    return snapshot(bones, name)
