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


ROUNDED = 1 + 1e-3
"""Single numbers in F-curves."""


def assert_even(before: dict[str, Any], after: dict[str, Any], borders: tuple[int, ...], written: set[str]) -> None:
    """No bone that the edit writes changes its velocity more at a border than in 99 % of the clip, all bones and frames
    taken together; those that it does not write move as they did, or are carried along. Tracks begin at frame 1."""
    usual = np.percentile(np.concatenate([jolts(track) for track in before.values()]), 99)
    for bone, track in after.items():
        rough, had = jolts(track), jolts(before[bone])
        for border in borders:
            allowed = usual if bone in written else max(usual, had[border - 2])
            # rough[i] is at frame i + 2; the two frames on either side of each border
            assert rough[border - 2] <= ROUNDED * allowed, (bone, border, rough[border - 2] / usual)


@pytest.mark.parametrize("seed", [3, 7, 12])
def test_a_kick_out_of_a_slow_walk_is_no_rougher_than_the_walk_at_its_borders(walker: Any, seed: int) -> None:
    clip, original = range(1, 100), walker.animation_data.action
    before = places(walker, clip)
    edited = api.regenerate(walker, "a person kicks", frames=(30, 70), seed=seed, steps=8)
    assert_even(before, places(walker, clip), (29, 30, 70, 71), set(changed_frames(original, edited)))


@pytest.mark.parametrize("parts", [("right_arm",), ()])
def test_borders_are_no_rougher_than_the_clip_and_nothing_else_changes(walker: Any, parts: tuple[str, ...]) -> None:
    original = walker.animation_data.action
    names = ARM if parts else tuple(bone.name for bone in walker.pose.bones)
    clip = range(1, 100)
    there, before = places(walker, clip), kept(original, 40, 80, names)
    edited = api.regenerate(walker, "waves with the right hand", frames=(40, 80), parts=parts, seed=3, steps=8)
    assert_same_outside(before, kept(edited, 40, 80, names))
    changed = changed_frames(original, edited)
    if parts:
        assert set(changed) <= set(ARM)
    assert len(set().union(*changed.values())) >= 35
    assert_even(there, places(walker, clip), (39, 40, 80, 81), set(changed))


@pytest.mark.parametrize("seed", [2, 5])
def test_an_in_between_of_the_whole_body_meets_its_poses_without_a_jerk(walker: Any, seed: int) -> None:
    marks, clip, original = [20, 45, 60, 90], range(1, 100), walker.animation_data.action
    before, there = poses(walker, marks), places(walker, clip)
    edited = api.inbetween(walker, "a person turns", frames=(20, 90), keys=marks, seed=seed, steps=STEPS)
    assert_poses_met(before, poses(walker, marks))
    beside = (20, 21, 44, 45, 46, 59, 60, 61, 89, 90)
    assert_even(there, places(walker, clip), beside, set(changed_frames(original, edited)))


@pytest.mark.parametrize("kind", ["Mixamo", "Rigify", "controls"])
def test_the_upper_body_alone_and_poses_between_on_other_rigs(walkers: Callable[[str], Any], kind: str) -> None:
    rig = walkers(kind)
    bones, original = api.detect(rig).bones, rig.animation_data.action
    clip = range(1, int(original.frame_range[1]) + 1)
    there = places(rig, clip)
    legs = {bone for joint, bone in bones.items() if joint == "pelvis" or joint.split("_")[-1] in LEG}
    rest = tuple(bone.name for bone in rig.pose.bones if bone.name not in legs)
    before = kept(original, 30, 70, rest)
    upper = ["torso", "head", "left_arm", "right_arm"]
    edited = api.regenerate(rig, "a person waves", frames=(30, 70), parts=upper, seed=3, steps=8)
    assert_same_outside(before, kept(edited, 30, 70, rest))
    assert set(changed_frames(original, edited)).isdisjoint(legs)
    changed = changed_frames(original, edited)
    assert len(set().union(*changed.values())) >= 35
    after = places(rig, clip)
    assert_even(there, after, (29, 30, 70, 71), set(changed))
    for bone in legs:
        np.testing.assert_allclose(after[bone], there[bone], atol=1e-6, err_msg=bone)

    marks = [20, 45, 60, 90]
    given = poses(rig, marks)
    filled = api.inbetween(rig, "a person turns", frames=(20, 90), keys=marks, seed=2, steps=STEPS)
    assert_poses_met(given, poses(rig, marks))
    beside = (20, 21, 44, 45, 46, 59, 60, 61, 89, 90)
    assert_even(after, places(rig, clip), beside, set(changed_frames(edited, filled)))


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


@pytest.mark.parametrize("seed", [2, 6])
@pytest.mark.parametrize("before", [False, True])
def test_what_is_added_goes_over_into_the_action_evenly(walker: Any, before: bool, seed: int) -> None:
    end = int(walker.animation_data.action.frame_range[1])
    usual = np.percentile(np.concatenate([jolts(track) for track in places(walker, range(1, end + 1)).values()]), 99)
    add = api.lead_in if before else api.extend
    add(walker, "a person walks forward", seconds=1.5, seed=seed, steps=STEPS)
    for bone, track in places(walker, range(-1, 4) if before else range(end - 2, end + 3)).items():
        # of both sides of the border: frames 0 and 1, or the last one and the next
        assert (jolts(track)[:2] if before else jolts(track)[1:]).max() <= ROUNDED * usual, bone
