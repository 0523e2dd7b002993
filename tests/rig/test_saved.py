"""Mappings chosen by hand: as text and back, one bone at a time, and what is no mapping."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_blender import rig
from mdm_blender.rig import RigMap, Switch
from mdm_blender.rig.saved import from_text, to_text, unknown_bones, with_bone
from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES
from tests.rig.skeletons import MIXAMO, humanoid, snapshot

NAMES = st.text(min_size=1, max_size=12)
MAPS = st.builds(
    RigMap,
    family=st.text(max_size=10),
    bones=st.lists(NAMES, max_size=22, unique=True).flatmap(
        lambda bones: st.permutations(JOINT_NAMES).map(lambda joints: dict(zip(joints, bones, strict=False)))
    ),
    confidence=st.just(1.0),
    root=st.none() | NAMES,
    switches=st.lists(st.builds(Switch, NAMES, NAMES, st.floats(0, 1)), max_size=3).map(tuple),
    fingers=st.lists(st.lists(NAMES, max_size=3).map(tuple), max_size=3).map(tuple),
    edited=st.just(True),
)


@given(MAPS)
def test_a_mapping_survives_its_text(rig_map: RigMap) -> None:
    assert from_text(to_text(rig_map)) == rig_map


@given(MAPS, st.sampled_from(JOINT_NAMES), NAMES)
def test_a_chosen_bone_is_the_joints_and_no_others(rig_map: RigMap, joint: str, bone: str) -> None:
    new = with_bone(rig_map, joint, bone)
    assert new.bones[joint] == bone
    assert len(set(new.bones.values())) == len(new.bones)
    untouched = {j: b for j, b in rig_map.bones.items() if j != joint and b != bone}
    assert untouched.items() <= new.bones.items()
    assert set(new.bones) == {*untouched, joint}
    assert joint not in with_bone(new, joint, "").bones


VALID: dict[str, Any] = json.loads(to_text(RigMap("Mixamo", {"pelvis": "Hips"}, 1.0)))


@pytest.mark.parametrize("text", [
    "", "no", "[]", "{}", "null", '"x"', "[" * 100_000, json.dumps(VALID | {"format": "other"}),
    *(json.dumps(VALID | change) for change in (
        {"version": 2}, {"bones": []}, {"bones": {"pelvis": 3}}, {"bones": {"pelvis": ""}}, {"bones": {"tail": "Tail"}},
        {"bones": {"pelvis": "Hips", "head": "Hips"}}, {"root": 1}, {"switches": [["a", "b"]]}, {"switches": 4},
        {"switches": [["a", "b", "c"]]}, {"fingers": [[1]]}, {"fingers": 1},
    )),
    json.dumps({key: value for key, value in VALID.items() if key != "bones"}),
])  # fmt: skip
def test_what_is_no_mapping_is_one_sentence(text: str) -> None:
    with pytest.raises(MotionError) as error:
        from_text(text)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def saved(**changes: Any) -> rig.RigSnapshot:
    """Mixamo's rig with its own mapping saved, changed."""
    snap = snapshot(humanoid(MIXAMO))
    rig_map = dataclasses.replace(rig.detect(snap), **changes)
    return dataclasses.replace(snap, saved_map=to_text(rig_map))


def test_what_the_user_chose_is_what_is_detected() -> None:
    bones = {joint: bone for joint, bone in MIXAMO.items() if joint != "left_wrist"} | {"head": "LeftHand"}
    found = rig.detect(saved(bones=bones))
    assert dict(found.bones) == bones
    assert found.edited and found.certain
    assert "left wrist" in found.problems[0]


def test_bones_that_are_gone_are_told_and_the_rest_is_kept() -> None:
    found = rig.detect(saved(bones=MIXAMO | {"left_foot": "Gone"}, root="AlsoGone"))
    assert "AlsoGone, Gone" in found.problems[0]
    assert found.root is None
    assert dict(found.bones) == {joint: bone for joint, bone in MIXAMO.items() if joint != "left_foot"}
    assert unknown_bones(found, MIXAMO.values()) == []


def test_without_a_leg_a_mapping_is_an_error_that_says_which() -> None:
    with pytest.raises(MotionError, match="left hip") as error:
        rig.detect(saved(bones={joint: bone for joint, bone in MIXAMO.items() if joint != "left_hip"}))
    assert "Rig Mapping" in str(error.value)
