"""Rigs by shape alone: the same skeletons without names, turned, scaled, dressed; and what is no human."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mdm_blender import rig
from mdm_blender.rig.structure import shaped_map
from mdm_core.errors import MotionError
from tests.rig import not_humans
from tests.rig.known_rigs import RESTS, KnownRig, build, random_names
from tests.rig.measure_detection import Tally, mistakes
from tests.rig.rig_tables import TABLES
from tests.rig.skeletons import BoneData, snapshot

MIXAMO = TABLES[0]


@pytest.mark.parametrize("rest", RESTS)
def test_without_names_nearly_all_joints_are_found_and_none_is_wrong_silently(rest: str) -> None:
    tally = Tally()
    for table in TABLES:
        for seed in (4, 7):
            known = build(table, arms_down=RESTS[rest], seed=seed, accessories=seed == 7)
            tally.add(f"{rest}, seed {seed}", random_names(known, seed))
    assert tally.right >= 0.98 * tally.joints, tally.faults
    assert tally.silent == 0, tally.faults


def moved(known: KnownRig, turn: Rotation, scale: float, shift: tuple[float, float, float]) -> KnownRig:
    """The same rig with its bones elsewhere in armature space."""
    bones = tuple(
        BoneData(b.name, b.parent, scale * turn.apply(b.head) + shift, scale * turn.apply(b.tail) + shift, b.roll)
        for b in known.bones
    )
    return dataclasses.replace(known, bones=bones)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("degrees", [0, 90, 180, 217])
def test_whichever_way_it_faces_and_however_big(degrees: int, scale: float) -> None:
    known = random_names(build(MIXAMO, arms_down=40.0, seed=2), 0)
    turned = moved(known, Rotation.from_euler("z", degrees, degrees=True), scale, (3.0 * scale, -1.0 * scale, 0.0))
    assert mistakes(turned, rig.detect(turned.snapshot())) == []


def test_y_up_bones_under_a_turned_object_or_not() -> None:
    known = random_names(build(MIXAMO, seed=2), 0)
    lying = moved(known, Rotation.from_euler("x", -90, degrees=True), 1.0, (0.0, 0.0, 0.0)).snapshot()
    world = np.eye(4)
    world[:3, :3] = 0.01 * Rotation.from_euler("x", 90, degrees=True).as_matrix()
    for snap in (lying, dataclasses.replace(lying, world=world)):
        assert mistakes(known, rig.detect(snap)) == []


def test_exchanged_names_are_doubted_and_shape_knows_better() -> None:
    """Bones called left on the right side: the toes tell."""
    known = build(MIXAMO, seed=2)
    exchanged = {
        name: name.replace("Left", "§").replace("Right", "Left").replace("§", "Right")
        for name in (bone.name for bone in known.bones)
    }
    found = rig.detect(known.renamed(exchanged.__getitem__).snapshot())
    wrong = mistakes(known.renamed(exchanged.__getitem__), found)
    assert not wrong or not found.certain


def test_a_second_pair_of_arms_asks() -> None:
    known = build(MIXAMO, arms_down=30.0, seed=2)
    arms = [b for b in known.bones if any(part in b.name for part in ("Shoulder", "Arm", "Hand"))]
    names = {b.name for b in arms}
    drop = np.array([0.0, 0.02, -0.12])
    more = [
        BoneData(f"{b.name}2", f"{b.parent}2" if b.parent in names else b.parent, b.head + drop, b.tail + drop, b.roll)
        for b in arms
    ]
    four = random_names(dataclasses.replace(known, bones=(*known.bones, *more)), 0)
    assert not rig.detect(four.snapshot()).certain


@pytest.mark.parametrize("name", not_humans.NOT_HUMANS)
def test_what_is_no_human_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(MotionError) as error:
        rig.detect(not_humans.build(name))
    assert name in str(error.value)
    assert str(error.value).count(".") == 1 and "\n" not in str(error.value)


@pytest.mark.parametrize("lost", ["Arm", "UpLeg", "Neck"])
def test_without_limbs_or_head_it_asks_or_refuses(lost: str) -> None:
    known = build(MIXAMO, seed=2)
    gone = {bone.name for bone in known.bones if lost in bone.name}
    while more := {b.name for b in known.bones if b.parent in gone} - gone:
        gone |= more
    left = dataclasses.replace(known, bones=tuple(b for b in known.bones if b.name not in gone), expected={}, sides={})
    try:
        found = rig.detect(random_names(left, 0).snapshot())
    except MotionError:
        return
    assert not found.certain
    assert lost != "UpLeg"


def test_an_armature_of_one_bone_or_of_a_chain_has_no_shape() -> None:
    one = BoneData("Bone", None, np.zeros(3), np.array([0.0, 0.0, 1.0]), 0.0)
    chain = [
        one,
        *(
            BoneData(f"B{n}", "Bone" if n == 1 else f"B{n - 1}", np.array([0, 0, n]), np.array([0, 0, n + 1]), 0.0)
            for n in range(1, 9)
        ),
    ]
    assert shaped_map(snapshot([one])) is None
    assert shaped_map(snapshot(chain)) is None
