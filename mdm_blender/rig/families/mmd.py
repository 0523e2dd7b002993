"""MikuMikuDance models: Japanese names, as they are or with the side at the end (`足.L`), and their usual English."""

from __future__ import annotations

from ..family import Family

PARENTS = {"spine1": ("root", ""), "pelvis": ("root", "")}
"""Upper and lower body hang side by side from the centre."""

JAPANESE = Family(
    name="MMD",
    sides=(("左", "右"),),
    root=("センター", "グルーブ", "腰"),
    joints={
        "pelvis": ("下半身",),
        "spine1": ("上半身",),
        "spine2": ("上半身2",),
        "spine3": ("上半身3", "上半身2"),
        "neck": ("首",),
        "head": ("頭",),
        "collar": ("{side}肩",),
        "shoulder": ("{side}腕",),
        "elbow": ("{side}ひじ", "{side}肘"),
        "wrist": ("{side}手首",),
        "hip": ("{side}足",),
        "knee": ("{side}ひざ", "{side}膝"),
        "ankle": ("{side}足首",),
        "foot": ("{side}つま先", "{side}足先EX"),
    },
    fingers=(
        ("{side}親指0", "{side}親指1", "{side}親指2"),
        ("{side}親指1", "{side}親指2"),
        *(tuple(f"{{side}}{finger}{joint}" for joint in (1, 2, 3)) for finger in ("人指", "中指", "薬指", "小指")),
    ),
    parents=PARENTS,
)

ENGLISH = Family(
    name="MMD (English names)",
    sides=(("_L", "_R"),),
    root=("center", "groove", "waist"),
    joints={
        "pelvis": ("lower body",),
        "spine1": ("upper body",),
        "spine2": ("upper body 2",),
        "spine3": ("upper body 3", "upper body 2"),
        "neck": ("neck",),
        "head": ("head",),
        "collar": ("shoulder{side}",),
        "shoulder": ("arm{side}",),
        "elbow": ("elbow{side}",),
        "wrist": ("wrist{side}",),
        "hip": ("leg{side}",),
        "knee": ("knee{side}",),
        "ankle": ("ankle{side}",),
        "foot": ("toe{side}", "leg tip EX{side}"),
    },
    fingers=(
        ("thumb0{side}", "thumb1{side}", "thumb2{side}"),
        ("thumb1{side}", "thumb2{side}"),
        *(tuple(f"{finger}{joint}{{side}}" for joint in (1, 2, 3)) for finger in ("fore", "middle", "third", "little")),
    ),
    parents=PARENTS,
)
