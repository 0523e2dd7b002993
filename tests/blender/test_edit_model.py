"""Edits with the bundled model in a real worker, on Rigify's human: borders, marked poses, and everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

from mdm_blender import api, process
from tests.blender.addon.test_edit import assert_poses_met, assert_same_outside, changed_frames, kept, poses

STEPS = 3
LEG = ("hip", "knee", "ankle", "foot")
ARM = ("shoulder.R", "upper_arm_fk.R", "forearm_fk.R", "hand_fk.R")


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


@pytest.fixture
def walker(rigify: Any) -> Any:
    api.generate(rigify, "a person walks forward", seconds=4.5, frame_start=1, seed=1, steps=STEPS)
    bpy.context.scene.frame_set(1)
    return rigify


def places(rig: Any, frames: range) -> dict[str, Any]:
    """Bone -> places [T, 3] where its joint is in the world, of the mapped bones."""
    bones = api.detect(rig).bones.values()
    found: dict[str, list[Any]] = {bone: [] for bone in bones}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        for bone in bones:
            found[bone].append(np.array(rig.matrix_world @ rig.pose.bones[bone].head))
    return {bone: np.array(track) for bone, track in found.items()}


def jolts(track: Any) -> Any:
    """Changes of velocity [T - 2], metres a frame."""
    return np.linalg.norm(np.diff(track, n=2, axis=0), axis=-1)


ROUGHEST = 1.1
"""The worst bone at a border against the clip's 99th percentile, on Rigify's human; 1 is the goal."""
ROUGHEST_ELSEWHERE = 1.5
"""The same on other rigs: a toe of the Mixamo-named one has been 1.35."""


def test_a_kick_out_of_a_slow_walk_is_no_rougher_than_the_walk_at_its_borders(walker: Any) -> None:
    """As it comes from the model the right knee jumps four times as much as anything in the walk."""
    clip = range(1, 100)
    usual = np.percentile(np.concatenate([jolts(track) for track in places(walker, clip).values()]), 99)
    api.regenerate(walker, "a person kicks", frames=(30, 70), seed=7, steps=8)
    for bone, track in places(walker, clip).items():
        for border in (29, 30, 70, 71):
            assert jolts(track)[border - 2] <= ROUGHEST * usual, (bone, border)


@pytest.mark.parametrize("parts", [("right_arm",), ()])
def test_borders_are_no_rougher_than_the_clip_and_nothing_else_changes(walker: Any, parts: tuple[str, ...]) -> None:
    original = walker.animation_data.action
    names = ARM if parts else tuple(bone.name for bone in walker.pose.bones)
    clip = range(1, 100)
    usual = np.percentile(np.concatenate([jolts(track) for track in places(walker, clip).values()]), 99)
    before = kept(original, 40, 80, names)
    edited = api.regenerate(walker, "waves with the right hand", frames=(40, 80), parts=parts, seed=3, steps=8)
    assert_same_outside(before, kept(edited, 40, 80, names))
    changed = changed_frames(original, edited)
    if parts:
        assert set(changed) <= set(ARM)
    assert len(set().union(*changed.values())) >= 35
    for bone, track in places(walker, clip).items():
        rough = jolts(track)
        # rough[i] is at frame i + 2; the two frames on either side of each border
        for border in (39, 40, 80, 81):
            assert rough[border - 2] <= ROUGHEST * usual, (bone, border, rough[border - 2] / usual)


def test_an_in_between_of_the_whole_body_meets_its_poses(walker: Any) -> None:
    marks = [20, 45, 60, 90]
    before = poses(walker, marks)
    api.inbetween(walker, "a person turns", frames=(20, 90), keys=marks, seed=2, steps=STEPS)
    assert_poses_met(before, poses(walker, marks))


@pytest.mark.parametrize("kind", ["Mixamo", "controls"])
def test_the_upper_body_alone_and_poses_between_on_other_rigs(walkers: Callable[[str], Any], kind: str) -> None:
    rig = walkers(kind)
    bones, original = api.detect(rig).bones, rig.animation_data.action
    end = int(original.frame_range[1])
    usual = np.percentile(np.concatenate([jolts(track) for track in places(rig, range(1, end)).values()]), 99)
    legs = {bone for joint, bone in bones.items() if joint == "pelvis" or joint.split("_")[-1] in LEG}
    rest = tuple(bone.name for bone in rig.pose.bones if bone.name not in legs)
    before = kept(original, 30, 70, rest)
    upper = ["torso", "head", "left_arm", "right_arm"]
    edited = api.regenerate(rig, "a person waves", frames=(30, 70), parts=upper, seed=3, steps=8)
    assert_same_outside(before, kept(edited, 30, 70, rest))
    assert set(changed_frames(original, edited)).isdisjoint(legs)
    assert len(set().union(*changed_frames(original, edited).values())) >= 35
    for bone, track in places(rig, range(26, 75)).items():
        for border in (29, 30, 70, 71):
            assert jolts(track)[border - 27] <= ROUGHEST_ELSEWHERE * usual, (bone, border)

    marks = [20, 45, 60, 90]
    given = poses(rig, marks)
    api.inbetween(rig, "a person turns", frames=(20, 90), keys=marks, seed=2, steps=STEPS)
    assert_poses_met(given, poses(rig, marks))


def test_the_strength_says_how_far_a_variation_goes(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    original, frames = rig.animation_data.action, range(25, 86)
    before, away = places(rig, frames), []
    for strength in (0.15, 0.5, 1.0):
        rig.animation_data.action = original
        api.regenerate(rig, "a person jumps", frames=(20, 90), vary=strength, seed=4, steps=20)
        now = places(rig, frames)
        away.append(np.mean([np.linalg.norm(now[bone] - before[bone], axis=-1).mean() for bone in before]))
    assert 0 < away[0] < 0.5 * away[2]
    assert away[0] < away[1] < 1.5 * away[2]


def test_an_extension_begins_where_the_action_ended(walker: Any) -> None:
    end = int(walker.animation_data.action.frame_range[1])
    usual = np.percentile(np.concatenate([jolts(track) for track in places(walker, range(1, end)).values()]), 99)
    api.extend(walker, "a person walks forward", seconds=1.5, seed=2, steps=STEPS)
    for bone, track in places(walker, range(end - 5, end + 6)).items():
        assert jolts(track).max() <= 2 * usual, bone


def test_a_lead_in_ends_where_the_action_begins(walker: Any) -> None:
    end = int(walker.animation_data.action.frame_range[1])
    usual = np.percentile(np.concatenate([jolts(track) for track in places(walker, range(1, end)).values()]), 99)
    api.lead_in(walker, "a person walks forward", seconds=1.5, seed=2, steps=STEPS)
    for bone, track in places(walker, range(-5, 7)).items():
        assert jolts(track).max() <= 2 * usual, bone
