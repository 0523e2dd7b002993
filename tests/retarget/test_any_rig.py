"""Whatever the rig: limb directions to a degree, hinges to three, no jumps, twist spread; against its maker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender import retarget, rig
from mdm_blender.retarget.between import twist_bones
from mdm_core.skeleton import INDEX
from tests.retarget import oracle
from tests.retarget.any_rig import BUILDS, LIMBS, AnyRig, Build, build, evaluate
from tests.retarget.test_to_rig import TO_BLENDER, degrees
from tests.rig.skeletons import MIXAMO

Array = NDArray[np.float64]
FRAMES = 24
TRUTH = oracle.walk(FRAMES)
NONE = np.zeros((FRAMES, 4), dtype=np.bool_)
HINGES = {"shoulder": [0.0, -1, 0], "elbow": [0.0, -1, 0], "hip": [1.0, 0, 0], "knee": [1.0, 0, 0]}
"""Axes in the source's T-pose, on the left; arms have the opposite on the right."""


def put_on(made: AnyRig) -> tuple[retarget.PoseTracks, dict[str, Array]]:
    tracks = retarget.to_rig(made.snapshot, rig.detect(made.snapshot), TRUTH.positions, NONE)
    return tracks, evaluate(made.snapshot, tracks, FRAMES)


def across(v: Array, way: Array) -> Array:
    unit = way / np.linalg.norm(way, axis=-1, keepdims=True)
    return v - np.sum(v * unit, axis=-1, keepdims=True) * unit


def turn_since_rest(made: AnyRig, poses: dict[str, Array], bone: str) -> Rotation:
    return Rotation.from_matrix(poses[bone][:, :3, :3] @ made.snapshot.bones[bone].rest[:3, :3].T)


@settings(max_examples=30)
@given(BUILDS)
def test_limbs_point_and_bend_as_the_source_does(how: Build) -> None:
    made = build(how)
    _, poses = put_on(made)
    axes = made.turn * TO_BLENDER
    for start, end in LIMBS.items():
        way = axes.apply(TRUTH.positions[:, INDEX[end]] - TRUTH.positions[:, INDEX[start]])
        got = poses[MIXAMO[end]][:, :3, 3] - poses[MIXAMO[start]][:, :3, 3]
        assert degrees(got, way).max() < 1.0, start
        side, _, part = start.partition("_")
        hinge = np.array(HINGES[part]) * (-1.0 if side == "right" and part in ("shoulder", "elbow") else 1.0)
        wanted = axes.apply(TRUTH.turns[start].apply(hinge))
        found = turn_since_rest(made, poses, MIXAMO[start]).apply(made.hinges[start])
        assert degrees(across(found, way), across(wanted, way)).max() < 3.0, start


@settings(max_examples=20)
@given(BUILDS)
def test_no_curve_jumps(how: Build) -> None:
    """From frame to frame a quaternion goes the short way, and no bone turns faster than the fastest joints do."""
    made = build(how)
    tracks, _ = put_on(made)
    for bone, rotation in tracks.rotations.items():
        if len(rotation) > 1:
            step = np.sum(rotation[1:] * rotation[:-1], axis=-1)
            assert step.min() > np.cos(np.radians(75 / 2)), bone


@settings(max_examples=15)
@given(BUILDS)
def test_the_path_and_the_torso_do_not_depend_on_the_rig(how: Build) -> None:
    made = build(how)
    _, poses = put_on(made)
    axes = made.turn * TO_BLENDER
    scale = _leg(made) / _their_leg()
    middle = (poses["LeftUpLeg"][:, :3, 3] + poses["RightUpLeg"][:, :3, 3]) / 2
    wanted = axes.apply(TRUTH.positions[:, [1, 2]].mean(axis=1)) * scale
    up = axes.apply([0.0, 1, 0])
    assert np.abs(across(middle - wanted, np.tile(up, (FRAMES, 1)))).max() < 1e-6 * how.unit
    for joint in ("pelvis", "spine3", "neck", "head"):
        turn = turn_since_rest(made, poses, MIXAMO[joint])
        away = (turn.inv() * axes * TRUTH.turns[joint] * axes.inv()).magnitude()
        assert np.degrees(away).max() < 2.5, joint


def _leg(made: AnyRig) -> float:
    heads = {name: bone.head for name, bone in made.snapshot.bones.items()}
    return float(
        np.linalg.norm(heads["LeftLeg"] - heads["LeftUpLeg"]) + np.linalg.norm(heads["LeftFoot"] - heads["LeftLeg"])
    )


def _their_leg() -> float:
    return float(np.mean([np.linalg.norm(oracle.offsets()[joint]) for joint in (4, 5, 7, 8)])) * 2


@settings(max_examples=15)
@given(BUILDS)
def test_shins_wring_evenly_along_their_twist_bones(how: Build) -> None:
    """The foot's turn about the shin, told apart by SciPy, goes up along the bones as they lie."""
    made = build(replace(how, twists=True))
    _, poses = put_on(made)
    for side in ("Left", "Right"):
        shin, foot = (turn_since_rest(made, poses, f"{side}{bone}") for bone in ("Leg", "Foot"))
        way = poses[f"{side}Foot"][:, :3, 3] - poses[f"{side}Leg"][:, :3, 3]
        whole = twist(foot * shin.inv(), way)
        assert np.ptp(whole) > 3.0
        for k, share in enumerate((0.3, 0.65)):
            part = twist(turn_since_rest(made, poses, f"{side}LegTwist{k + 1}") * shin.inv(), way)
            assert np.abs(part - share * whole).max() < 0.5
        arm = turn_since_rest(made, poses, f"{side}ForeArm")
        for k in (1, 2):
            stays = turn_since_rest(made, poses, f"{side}ForeArmTwist{k}") * arm.inv()
            assert np.degrees(stays.magnitude()).max() < 0.1  # the hand goes with the forearm: nothing to spread


def twist(turn: Rotation, way: Array) -> Array:
    """Degrees of the part of a turn about a direction."""
    q = turn.as_quat()
    unit = way / np.linalg.norm(way, axis=-1, keepdims=True)
    return np.degrees(2 * np.arctan(np.sum(q[:, :3] * unit, axis=-1) / q[:, 3]))


def test_twist_bones_are_found_in_the_chain_of_a_forearm_but_not_of_a_thigh() -> None:
    """A thigh's own hinge must stay where the knee is."""
    made = build(Build(inserted=True, rolls=3))
    snap = made.snapshot
    rig_map = rig.detect(snap)
    found = {twist.bone for twist in twist_bones(snap, rig_map)}
    assert found == {"LeftForeArm.half", "RightForeArm.half"}


@pytest.mark.parametrize("names", [("Spine2.low", "Spine1", "Spine2"), ("Neck.top", "Neck", "Head")])
def test_bones_between_two_of_the_spine_bend_with_both(names: tuple[str, str, str]) -> None:
    made = build(Build(inserted=True, rolls=5))
    _, poses = put_on(made)
    between, lower, upper = (turn_since_rest(made, poses, name) for name in names)
    whole, part = (lower.inv() * upper).as_rotvec(), (lower.inv() * between).as_rotvec()
    assert np.abs(part - whole / 2).max() < 1e-6
