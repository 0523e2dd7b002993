"""Fingers by shape alone: those that the names of the same rigs give, on both hands, and none where there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mdm_blender import retarget, rig
from tests.retarget import oracle
from tests.rig.known_rigs import RESTS, KnownRig, build, random_names
from tests.rig.rig_tables import TABLES, RigTable
from tests.rig.skeletons import BoneData, snapshot

LABELS = {table.label: table for table in TABLES}
NOT = ("Auto-Rig Pro, controls", "Rokoko")
"""Of the one the FK and IK hands lie in one place; of the other the table has no real places for the palm's bones."""
HANDS = [table for table in TABLES if "fingers" in table.rows and table.label not in NOT]


def nameless(known: KnownRig, seed: int) -> tuple[KnownRig, dict[str, str]]:
    """The rig with random names, and what each bone was called."""
    renamed = random_names(known, seed)
    return renamed, {new.name: old.name for new, old in zip(renamed.bones, known.bones, strict=True)}


@pytest.mark.parametrize("table", HANDS, ids=lambda table: table.label)
@pytest.mark.parametrize("rest", RESTS)
def test_they_are_those_that_names_give(table: RigTable, rest: str) -> None:
    known = build(table, arms_down=RESTS[rest], seed=6)
    named = rig.detect(known.snapshot()).fingers
    assert len(named) == 10
    hidden, called = nameless(known, 6)
    found = {tuple(called[bone] for bone in finger) for finger in rig.detect(hidden.snapshot()).fingers}
    assert found == set(named)


def test_the_thumb_curls_least_and_the_little_finger_most() -> None:
    hidden, called = nameless(build(LABELS["Mixamo"], arms_down=45.0, seed=6), 6)
    snap = hidden.snapshot()
    found = rig.detect(snap)
    tracks = retarget.to_rig(snap, found, oracle.walk(2).positions, relax_hands=True)
    curls = {
        called[finger[0]]: float(np.degrees(2 * np.arccos(abs(tracks.rotations[finger[0]][0, 0]))))
        for finger in found.fingers
    }
    for side in ("Left", "Right"):
        hand = {word: curls[f"mixamorig:{side}Hand{word}1"] for word in ("Thumb", "Index", "Middle", "Ring", "Pinky")}
        assert hand["Thumb"] == pytest.approx(7.0)
        assert hand["Pinky"] == pytest.approx(21.0)
        assert all(hand[word] == pytest.approx(14.0) for word in ("Index", "Middle", "Ring"))


def test_a_hand_without_fingers_or_with_a_weapon_has_none() -> None:
    known = build(LABELS["Mixamo"], seed=6)
    fingers = {bone.name for bone in known.bones if any(it in bone.name for it in ("Thumb", "Index", "Middle"))}
    fingers |= {bone.name for bone in known.bones if any(it in bone.name for it in ("Ring", "Pinky"))}
    hand = next(bone for bone in known.bones if bone.name.endswith("RightHand"))
    way = np.array([0.0, -0.4, 0.0])
    weapon = [BoneData("Sword", hand.name, hand.head, hand.head + way, 0.0)]
    weapon.append(BoneData("Blade", "Sword", hand.head + way, hand.head + 2 * way, 0.0))
    bones = tuple(bone for bone in known.bones if bone.name not in fingers)
    bare = dataclasses.replace(known, bones=bones, expected={}, sides={})
    assert rig.detect(random_names(bare, 1).snapshot()).fingers == ()
    armed = snapshot([*bare.bones, *weapon])
    assert rig.detect(armed).fingers == ()
