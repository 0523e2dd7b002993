"""Telling rigs apart by their bones' names and hierarchy: families, prefixes, short spines, and what is no rig."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_blender import rig
from mdm_blender.rig import BoneConstraint
from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES
from tests.rig.known_rigs import NOISES, RESTS, build
from tests.rig.measure_detection import Tally, mistakes
from tests.rig.rig_tables import TABLES, RigTable
from tests.rig.skeletons import MIXAMO, humanoid, prefixed, snapshot


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
@pytest.mark.parametrize("rest", RESTS)
def test_each_family_is_recognised_in_full(table: RigTable, rest: str) -> None:
    known = build(table, arms_down=RESTS[rest], seed=3, accessories=True)
    found = rig.detect(known.snapshot())
    assert (found.family, found.confidence, found.doubts) == (table.family, 1.0, ())
    assert mistakes(known, found) == []


@pytest.mark.parametrize("noise", NOISES)
def test_noise_in_the_names_is_read_past(noise: str) -> None:
    """One rest pose here; `measure_detection` counts them all."""
    tally = Tally()
    for table in TABLES:
        known = build(table, arms_down=RESTS["A"])
        tally.add(noise, known.renamed(NOISES[noise](known)))
    assert tally.right >= 0.98 * tally.joints, tally.faults
    assert tally.silent == 0, tally.faults


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "mixamorig1:", "mixamorig12:", "mixamorig_", "Hero:"])
def test_mixamo_behind_any_prefix(prefix: str) -> None:
    found = rig.detect(snapshot(humanoid(prefixed(prefix))))
    assert (found.family, found.confidence) == ("Mixamo", 1.0)
    assert dict(found.bones) == prefixed(prefix)


def test_two_characters_bones_are_not_mixed() -> None:
    """A prop rig beside the character: one prefix is chosen and kept to."""
    bones = humanoid(prefixed("mixamorig:")) + humanoid({j: "Coat:" + b for j, b in MIXAMO.items() if j != "head"})
    found = rig.detect(snapshot(bones))
    assert all(bone.startswith("mixamorig:") for bone in found.bones.values())


@pytest.mark.parametrize(("spine", "expected"), [
    (("Spine", "Spine1"), {"spine1": "Spine", "spine3": "Spine1"}),
    (("Spine",), {"spine3": "Spine"}),
    ((), {}),
])  # fmt: skip
def test_a_short_spine_has_a_chest_and_lacks_the_middle(spine: tuple[str, ...], expected: dict[str, str]) -> None:
    wanted = dict(zip(("spine1", "spine2", "spine3"), spine, strict=False))
    names = {joint: bone for joint, bone in MIXAMO.items() if not joint.startswith("spine")} | wanted
    found = rig.detect(snapshot(humanoid(names)))
    assert {joint: bone for joint, bone in found.bones.items() if joint.startswith("spine")} == expected


def test_missing_arms_are_a_problem_not_an_error() -> None:
    names = {j: b for j, b in MIXAMO.items() if not any(part in j for part in ("shoulder", "elbow", "wrist"))}
    found = rig.detect(snapshot(humanoid(names)))
    assert 0.4 < found.confidence < 0.8
    assert "left elbow" in found.problems[0]


@pytest.mark.parametrize("lost", ["pelvis", "left_hip", "right_knee"])
def test_without_hip_or_legs_it_is_one_sentence(lost: str) -> None:
    names = {joint: bone for joint, bone in MIXAMO.items() if joint != lost}
    with pytest.raises(MotionError, match="no recognisable hip or legs") as error:
        rig.detect(snapshot(humanoid(names), name="Chair"))
    assert "Chair" in str(error.value)
    assert "\n" not in str(error.value)


@given(st.sets(st.sampled_from(JOINT_NAMES), max_size=10), st.integers(0, 5))
def test_whatever_is_missing_no_bone_is_used_twice_or_mistaken(lost: set[str], rolls: int) -> None:
    names = {joint: bone for joint, bone in MIXAMO.items() if joint not in lost}
    snap = snapshot(humanoid(names, rolls=rolls))
    if lost & {"pelvis", "left_hip", "right_hip", "left_knee", "right_knee"}:
        with pytest.raises(MotionError):
            rig.detect(snap)
        return
    found = rig.detect(snap)
    assert len(set(found.bones.values())) == len(found.bones)
    for joint, bone in found.bones.items():
        if "spine" not in joint:
            assert bone == names[joint]


def test_constraints_on_keyed_bones_are_told() -> None:
    snap = snapshot(humanoid(MIXAMO))
    held = dataclasses.replace(snap.bones["LeftLeg"], constraints=(BoneConstraint("IK"),))
    found = rig.detect(dataclasses.replace(snap, bones={**snap.bones, "LeftLeg": held}))
    assert any("LeftLeg" in problem for problem in found.problems)


def test_hips_that_cannot_move_are_told() -> None:
    snap = snapshot(humanoid(MIXAMO))
    locked = dataclasses.replace(snap.bones["Hips"], lock_location=(True, True, True))
    found = rig.detect(dataclasses.replace(snap, bones={**snap.bones, "Hips": locked}))
    assert any("stays in place" in problem for problem in found.problems)


def test_snapshot_parents_come_first() -> None:
    snap = snapshot(humanoid(MIXAMO))
    seen: set[str | None] = {None}
    for bone in snap.bones.values():
        assert bone.parent in seen
        seen.add(bone.name)
    assert np.allclose([np.linalg.det(bone.rest[:3, :3]) for bone in snap.bones.values()], 1.0)
