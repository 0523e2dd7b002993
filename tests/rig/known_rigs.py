"""Builds the skeletons of `rig_tables`: in any rest pose, with any proportions, rolls, tails, accessories and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender.rig import RigSnapshot
from tests.rig.rig_tables import RigTable
from tests.rig.skeletons import ENDS, HEADS, SIDED, BoneData, snapshot

Array = NDArray[np.float64]
SIDES = ("left", "right")
RESTS: Mapping[str, float] = {"T": 0.0, "A": 45.0, "arms down": 80.0}
"""Degrees by which the arms hang below level."""
ARM = ("elbow", "wrist", "wrist_end")
TORSO = ("spine1", "spine2", "spine3", "neck", "head", "head_end", "collar", "shoulder", *ARM)
MIRROR = np.array([-1.0, 1.0, 1.0])
SPINE = ("spine1", "spine2", "spine3")
STOOD_IN: Mapping[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", *SPINE), "spine3": SPINE, "neck": ("neck",), "head": ("head", "neck"),
    "foot": ("left_foot", "right_foot"),
}  # fmt: skip
"""Where a joint's bone is missing, joints for which the next bone does as well: the neck for the head, and so on."""
RANDOM_LETTERS = "abdeghikmnopqstuvwxzабвгджзлмнπρστあいうえおかきくけこ"


@dataclass(frozen=True)
class Row:
    """A bone of a skeleton before it is placed. joint: which one it plays; spare: whether it is only as good as."""

    name: str
    parent: str | None
    place: str
    joint: str | None
    spare: bool
    side: str | None
    core: str
    """The name without its side."""


def rows_of(table: RigTable) -> list[Row]:
    """Every bone of the table, both sides, fingers spelled out."""
    found: list[Row] = []
    for line in filter(None, table.rows.splitlines()):
        cells = [cell.strip() for cell in line.split("|")]
        if cells[0] == "fingers":
            for row in _finger_rows(*cells[1:]):
                found += _both_sides(table, *row)
        else:
            found += _both_sides(table, cells[0], cells[1], cells[2], cells[3] if len(cells) > 3 else "")
    return found


def _finger_rows(hand: str, pattern: str, fingers: str, numbers: str) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for index, finger in enumerate(fingers.split()):
        parent = hand
        if finger == "-":
            continue
        for at, number in enumerate(numbers.split()):
            name = pattern.replace("{F}", finger).replace("{N}", "" if number == "~" else number)
            thumb = index == 0
            along = (0.02 + 0.03 * at) if thumb else 0.08 + 0.03 * at
            aside = (-0.03 - 0.02 * at) if thumb else -0.03 + 0.02 * (index - 1)
            rows.append((name, parent, f"hand {along:.3f} {aside:.3f}", ""))
            parent = name
    return rows


def _both_sides(table: RigTable, name: str, parent: str, place: str, joint: str) -> list[Row]:
    def called(text: str, word: str) -> str:
        return table.prefix + text.replace("{S}", word).replace("{s}", word[:1])

    above = None if parent == "-" else parent
    spare, joint = joint.endswith("?"), joint.rstrip("?")
    if "{S}" not in name and "{s}" not in name:
        return [Row(called(name, ""), above and called(above, ""), place, joint or None, spare, None, name)]
    core = table.prefix + re.sub(r"[ ._]?\{[Ss]\}[ ._]?$|\{[Ss]\}[ ._]?", "", name)
    return [
        Row(
            called(name, word),
            above and called(above, word),
            place,
            f"{side}_{joint}" if joint in SIDED else joint or None,
            spare,
            side,
            core,
        )
        for side, word in zip(SIDES, table.sides, strict=True)
    ]


def body(arms_down: float, seed: int | None) -> dict[str, Array]:
    """All joints and tips, Blender's axes. seed: of random proportions (legs ±30 %), None for the plain body."""
    places = {joint: np.array(place, dtype=np.float64) for joint, place in HEADS.items()}
    places |= {f"{joint}_end": np.array(place, dtype=np.float64) for joint, place in ENDS.items()}
    places = {joint.removeprefix("left_"): place for joint, place in places.items()}
    if seed is not None:
        _proportion(places, np.random.default_rng(seed))
    turn = Rotation.from_euler("y", arms_down, degrees=True)
    for joint in ARM:
        places[joint] = places["shoulder"] + turn.apply(places[joint] - places["shoulder"])
    # Fingers spread in the hand's plane, which lies level in the T-pose.
    places["hand_along"] = turn.apply([1.0, 0.0, 0.0])
    places["hand_aside"] = np.array([0.0, 1.0, 0.0])
    return places


def _proportion(places: dict[str, Array], random: np.random.Generator) -> None:
    legs, torso, arms, width = random.uniform([0.7, 0.85, 0.8, 0.8], [1.3, 1.15, 1.2, 1.25])
    thigh = random.uniform(0.9, 1.1)
    bend, elbow = random.uniform(-0.02, 0.03), random.uniform(0.0, 0.04)
    hip, ankle = places["hip"].copy(), places["ankle"][2]
    base = ankle + legs * (hip[2] - ankle)
    for joint in ("pelvis", *TORSO):
        places[joint][2] = base + torso * (places[joint][2] - hip[2])
    places["hip"][2] = base
    places["knee"][2] = base + legs * thigh * (places["knee"][2] - hip[2])
    places["knee"][1] -= bend
    for joint in ("hip", "knee", "ankle", "foot", "foot_end", "collar", "shoulder", *ARM):
        places[joint][0] *= width
    for joint in ARM:
        places[joint] = places["shoulder"] + arms * (places[joint] - places["shoulder"])
    places["elbow"][1] += elbow


def place_of(text: str, places: Mapping[str, Array], side: str | None) -> Array:
    """The position that a cell of the table means."""
    if text == "floor":
        return np.zeros(3)
    if text.startswith("right_"):
        return places[text.removeprefix("right_")] * MIRROR
    if text.startswith("hand "):
        along, aside = (float(part) for part in text.split()[1:])
        at = places["wrist"] + along * places["hand_along"] + aside * places["hand_aside"]
    elif ">" in text:
        start, rest = text.split(">")
        end, share = rest.split()
        at = places[start] + float(share) * (places[end] - places[start])
    elif "+" in text:
        joint, _, offset = text.partition("+")
        at = places[joint] + [float(part) for part in offset.split(",")]
    else:
        at = places[text]
    return at * MIRROR if side == "right" else at


@dataclass(frozen=True)
class KnownRig:
    """expected: joint -> the bones that are right for it, the best first. sides: bone -> (side, name without it).

    unjudged: joints for which another bone may stand in, as a bone is missing. lost: joints whose own bone is gone;
    that they have none is right.
    """

    label: str
    bones: tuple[BoneData, ...]
    expected: Mapping[str, tuple[str, ...]]
    sides: Mapping[str, tuple[str, str]]
    unjudged: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    def snapshot(self) -> RigSnapshot:
        return snapshot(list(self.bones), self.label)

    def renamed(self, rename: Callable[[str], str]) -> KnownRig:
        """The same skeleton under other names."""
        new = {bone.name: rename(bone.name) for bone in self.bones}
        assert len(set(new.values())) == len(new), f"{self.label}: two bones got one name"
        bones = tuple(
            BoneData(new[b.name], None if b.parent is None else new[b.parent], b.head, b.tail, b.roll)
            for b in self.bones
        )
        expected = {joint: tuple(new[name] for name in names) for joint, names in self.expected.items()}
        sides = {new[name]: side for name, side in self.sides.items()}
        return replace(self, bones=bones, expected=expected, sides=sides)

    def without(self, joint: str) -> KnownRig:
        """The rig without the bone of a joint (of both sides); what hung from it hangs from what it hung from.

        Another bone of the same limb in the very place of the lost one is right for its joint.
        """
        lost = [j for j in self.expected if j == joint or j.partition("_")[2] == joint]
        gone = {self.expected[j][0] for j in lost}
        parents = {bone.name: bone.parent for bone in self.bones}

        def above(name: str | None) -> str | None:
            while name in gone:
                name = parents[name]
            return name

        bones = tuple(
            BoneData(b.name, above(b.parent), b.head, b.tail, b.roll) for b in self.bones if b.name not in gone
        )
        places = {bone.name: bone.head for bone in self.bones}

        def does_as_well(bone: BoneData, lost_bone: str) -> bool:
            same = float(np.linalg.norm(bone.head - places[lost_bone])) < 1e-6
            return same and (parents[bone.name] == lost_bone or parents[lost_bone] == bone.name)

        left = {j: tuple(name for name in names if name not in gone) for j, names in self.expected.items()}
        for j in lost:
            left[j] += tuple(b.name for b in bones if does_as_well(b, self.expected[j][0]))
        return KnownRig(
            self.label,
            bones,
            {j: names for j, names in left.items() if names},
            {name: side for name, side in self.sides.items() if name not in gone},
            frozenset(STOOD_IN.get(joint, ())),
            frozenset(lost),
        )


def build(table: RigTable, *, arms_down: float = 0.0, seed: int | None = None, accessories: bool = False) -> KnownRig:
    """The table's skeleton. seed: of proportions, rolls and of where tails point (as importers leave them).

    accessories: also hair, a tail, a skirt, wings and a weapon, as characters wear them.
    """
    rows = rows_of(table)
    places = body(arms_down, seed)
    heads = {row.name: place_of(row.place, places, row.side) for row in rows}
    parents = {row.name: row.parent for row in rows}
    expected: dict[str, tuple[str, ...]] = {}
    for row in sorted(rows, key=lambda row: row.spare):
        if row.joint is not None:
            expected[row.joint] = (*expected.get(row.joint, ()), row.name)
    if accessories:
        _dress(expected, heads, parents, seed or 0)
    bones = _bones(heads, parents, seed)
    sides = {row.name: (row.side, row.core) for row in rows if row.side is not None}
    return KnownRig(table.label, tuple(bones), expected, sides)


def _dress(
    expected: Mapping[str, tuple[str, ...]], heads: dict[str, Array], parents: dict[str, str | None], seed: int
) -> None:
    """Chains of bones that are no limbs, hung where they usually hang."""
    random = np.random.default_rng(seed + 77)
    head, chest, pelvis = (expected[joint][0] for joint in ("head", "spine3", "pelvis"))

    def chain(name: str, parent: str, start: list[float], step: list[float], count: int) -> None:
        at = heads[parent] + start
        for number in range(count):
            heads[f"{name}_{number}"], parents[f"{name}_{number}"] = at, parent
            parent, at = f"{name}_{number}", at + np.array(step) * random.uniform(0.85, 1.15)

    for side, sign in (("L", 1), ("R", -1)):
        chain(f"Skirt{side}", pelvis, [0.13 * sign, 0, -0.02], [0.03 * sign, 0, -0.12], 4)
        chain(f"SkirtBack{side}", pelvis, [0.08 * sign, 0.12, -0.02], [0.01 * sign, 0.03, -0.12], 4)
        chain(f"Tress{side}", head, [0.09 * sign, 0.05, 0.12], [0.02 * sign, 0.01, -0.13], 5)
        if seed % 2:
            chain(f"Wing{side}", chest, [0.08 * sign, 0.12, 0.03], [0.22 * sign, 0.08, 0.1], 4)
    chain("Tail", pelvis, [0, 0.1, 0], [0, 0.1, -0.04], 5)
    chain("Ponytail", head, [0, 0.12, 0.15], [0, 0.02, -0.1], 4)
    chain("Weapon", expected["right_wrist"][0], [-0.08, -0.02, 0], [0, -0.4, 0], 2)


def _bones(heads: Mapping[str, Array], parents: Mapping[str, str | None], seed: int | None) -> list[BoneData]:
    """Parents first. Without a seed tails reach the first child; with one they may point anywhere, as after imports."""
    random = np.random.default_rng(seed)
    imported = seed is not None and seed % 2 == 1
    children: dict[str, list[str]] = {}
    for name, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(name)
    bones: list[BoneData] = []
    done: set[str | None] = {None}
    waiting = list(heads)
    while waiting:
        name = next(n for n in waiting if parents[n] in done)
        waiting.remove(name)
        done.add(name)
        head, parent = heads[name], parents[name]
        tail = next((heads[c] for c in children.get(name, ()) if np.linalg.norm(heads[c] - head) > 1e-3), None)
        if tail is None or imported:
            way = random.normal(size=3) if imported or parent is None else head - heads[parent]
            length = float(np.linalg.norm(way))
            tail = head + (0.08 * way / length if length > 1e-6 else np.array([0.0, 0.0, 0.08]))
        bones.append(BoneData(name, parent, head, tail, 0.0 if seed is None else float(random.uniform(-3, 3))))
    return bones


# ---- names ---------------------------------------------------------------------------------------------------------


def _sided(rig: KnownRig, pattern: str, left: str, right: str) -> Callable[[str], str]:
    def rename(name: str) -> str:
        if name not in rig.sides:
            return name
        side, core = rig.sides[name]
        return pattern.format(side=left if side == "left" else right, name=core)

    return rename


NOISES: Mapping[str, Callable[[KnownRig], Callable[[str], str]]] = {
    "as it is": lambda _: lambda name: name,
    "prefix Hero_": lambda _: lambda name: f"Hero_{name}",
    "prefix char1:": lambda _: lambda name: f"char1:{name}",
    "suffix _jnt": lambda _: lambda name: f"{name}_jnt",
    "suffix .001": lambda _: lambda name: f"{name}.001",
    "upper case": lambda _: str.upper,
    "lower case": lambda _: str.lower,
    "sides .L": lambda rig: _sided(rig, "{name}.{side}", "L", "R"),
    "sides _l": lambda rig: _sided(rig, "{name}_{side}", "l", "r"),
    "sides Left": lambda rig: _sided(rig, "{side}{name}", "Left", "Right"),
    "sides l_": lambda rig: _sided(rig, "{side}_{name}", "l", "r"),
}
"""What users and exporters do to names."""


def random_names(rig: KnownRig, seed: int) -> KnownRig:
    """Every name replaced by letters that mean nothing, of several alphabets."""
    random = np.random.default_rng(seed)
    new: dict[str, str] = {}
    for number, bone in enumerate(rig.bones):
        letters = random.choice(list(RANDOM_LETTERS), size=6)
        new[bone.name] = "".join(letters) + str(number)
    return rig.renamed(new.__getitem__)
