"""Seams of an edit: the least change as its optimality says, and poses whose joints jump no more than they may."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("bpy", reason="needs Blender as a Python module")

from mdm_blender import rig
from mdm_blender.editing.freedoms import Joints, freedoms_of, joints_of
from mdm_blender.editing.least import Wanted, forces, least, smooth
from mdm_blender.editing.seams import SECONDS, Seams, eased, jumps_of, seam_frames, usual_jump
from mdm_blender.keys.object_space import ObjectSpace
from mdm_blender.retarget import PoseSamples
from mdm_core.rotations import from_axis_angle, multiply, normalize
from tests.blender.addon.scene import mixamo

FRAMES, FPS = 80, 24.0
HIPS = "mixamorig:Hips"


@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.1, 30.0))
@example(27, 27, 30.0)  # ill-conditioned ones, at which a search by costs stops too early
@example(3538, 9, 30.0)
@example(109, 8, 30.0)
@settings(max_examples=60, deadline=None)
def test_forces_act_along_vectors_at_their_bound_alone(seed: int, count: int, size: float) -> None:
    """The conditions of Karush, Kuhn and Tucker: in a convex problem they are those of its solution."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(3 * count, 40)) * np.exp(random.normal(size=(3 * count, 1)))
    given_ = size * (rows @ random.normal(size=40)).reshape(count, 3) / np.sqrt(40)
    pull = forces(rows @ rows.T, given_, 1.0)
    vectors = given_ - (rows @ (rows.T @ pull.ravel())).reshape(count, 3)
    length, strength = np.linalg.norm(vectors, axis=-1), np.linalg.norm(pull, axis=-1)
    assert length.max() <= 1 + 1e-4
    acting = strength > 1e-9 * max(strength.max(), 1e-12)
    np.testing.assert_allclose(length[acting], 1.0, atol=1e-4)
    across = np.linalg.norm(pull[acting] - strength[acting, None] * normalize(vectors[acting]), axis=-1)
    assert (across <= 1e-3 * strength[acting] + 1e-9).all()


def test_what_is_held_hardly_moves_and_costs_more() -> None:
    """Two numbers move the vector alike; one of them is held."""
    bounded = np.zeros((1, 3, 1, 2))
    bounded[0, 0, 0] = 1.0, 1.0
    held = np.array([[[1.0, 0.0]]])
    free = Wanted(bounded, np.array([[3.0, 0.0, 0.0]]), 1.0, held[:0], 1e-4)
    np.testing.assert_allclose(least(np.eye(1), np.eye(2), free)[0], [[-1.0, -1.0]], atol=1e-5)
    stays = Wanted(bounded, free.given, 1.0, held, 1e-4)
    np.testing.assert_allclose(least(np.eye(1), np.eye(2), stays)[0], [[0.0, -2.0]], atol=1e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_changes_between_fixed_frames_are_the_smoothest(seed: int) -> None:
    """Any other change with the same number at one frame has more changes of velocity."""
    random = np.random.default_rng(seed)
    free = np.zeros(30, dtype=bool)
    free[8:20] = True
    kernel = smooth(free)
    at = int(random.integers(12))
    change = np.zeros(30)
    change[free] = kernel[:, at] / kernel[at, at]

    def roughness(values: Any) -> float:
        return float((np.diff(values, n=2) ** 2).sum())

    other = np.zeros(30)
    other[free] = random.normal(size=12)
    other[8 + at] = 0.0
    assert change[8 + at] == pytest.approx(1.0)
    assert roughness(change + 0.01 * other) > roughness(change)
    assert roughness(change - 0.01 * other) > roughness(change)


def walking(joints: Joints, rig_map: Any, random: Any) -> PoseSamples:
    """Every bone swings, the hips travel."""
    time, samples = np.arange(FRAMES) / FPS, {}
    for bone in rig_map.bones.values():
        axis, angle = normalize(random.normal(size=3)), 0.3 * np.sin(3 * time + random.uniform(0, 6))
        samples[bone] = from_axis_angle(np.tile(axis, (FRAMES, 1)), angle)
    way = np.outer(time, random.normal(size=3)) * joints.leg
    return PoseSamples(samples, {HIPS: way})


@pytest.mark.parametrize("marks", [(), (40,), (35, 44)])
@pytest.mark.parametrize("size", [0.02, 0.1])
def test_joints_jump_no_more_than_they_may_and_frames_that_stay_do(marks: tuple[int, ...], size: float) -> None:
    """Poses up to 6 degrees off, every bone another way, on the first and last frames that are made anew."""
    armature = mixamo()
    snapshot, rig_map = rig.read(armature), rig.detect(armature)
    joints, fixed = joints_of(snapshot, rig_map), np.ones(FRAMES, dtype=bool)
    fixed[25:60] = False
    fixed[list(marks)] = True
    bones = frozenset(rig_map.bones.values())
    for seed in range(2):
        random = np.random.default_rng(seed)
        original = walking(joints, rig_map, random)
        bound = usual_jump(joints, original)
        seams = Seams(
            joints, rig_map, original, fixed, bound, bones, frozenset({HIPS}), FPS, np.zeros((FRAMES, 4), dtype=bool)
        )
        off = np.clip(1 - np.abs(np.arange(FRAMES)[:, None] - [25, 59]) / 5, 0, 1).sum(axis=1) * ~fixed
        edited = {
            bone: multiply(turn, from_axis_angle(np.tile(normalize(random.normal(size=3)), (FRAMES, 1)), size * off))
            for bone, turn in original.rotations.items()
        }
        made = PoseSamples(edited, original.locations)
        at = seam_frames(fixed)[1:-1]
        before = jumps_of(joints.places(made))[at].max()
        assert before > 1.2 * bound, "nothing is to be done"
        result = eased(seams, made)
        assert jumps_of(joints.places(result))[at].max() <= bound
        away = np.abs(np.arange(FRAMES)[:, None] - np.flatnonzero(seam_frames(fixed))).min(axis=1)
        stays = fixed | (away > SECONDS * FPS)
        for bone, turn in result.rotations.items():
            np.testing.assert_array_equal(turn[stays], made.rotations[bone][stays])
        np.testing.assert_array_equal(result.locations[HIPS][stays], made.locations[HIPS][stays])
        assert jumps_of(joints.places(result))[~at].max() <= max(before, 3 * bound)


def test_only_bones_that_may_change_do_and_pinned_poses_stay() -> None:
    armature = mixamo()
    snapshot, rig_map = rig.read(armature), rig.detect(armature)
    joints, random = joints_of(snapshot, rig_map), np.random.default_rng(1)
    original, fixed = walking(joints, rig_map, random), np.arange(FRAMES) < 40
    leg = frozenset(rig_map.bones[it] for it in ("left_hip", "left_knee", "left_ankle"))
    turned = dict(original.rotations)
    thigh = rig_map.bones["left_hip"]
    turned[thigh] = multiply(turned[thigh], from_axis_angle(np.tile([1.0, 0, 0], (FRAMES, 1)), np.where(fixed, 0, 0.1)))
    made = PoseSamples(turned, original.locations)
    bound, pinned = usual_jump(joints, original), np.arange(FRAMES) == 44
    seams = Seams(
        joints, rig_map, original, fixed, bound, leg, frozenset(), FPS, np.zeros((FRAMES, 4), dtype=bool), pinned
    )
    result = eased(seams, made)
    assert {bone for bone in turned if not np.array_equal(result.rotations[bone], turned[bone])} <= leg
    for bone in leg:
        np.testing.assert_array_equal(result.rotations[bone][44], turned[bone][44])
    names = [joints.names.index(it) for it in ("left_knee", "left_ankle", "left_foot")]
    at = seam_frames(fixed)[1:-1]
    assert jumps_of(joints.places(made))[at][:, names].max() > 1.5 * bound
    assert jumps_of(joints.places(result))[at][:, names].max() <= bound


def test_derivatives_are_those_of_places() -> None:
    armature = mixamo()
    snapshot, rig_map = rig.read(armature), rig.detect(armature)
    joints, random = joints_of(snapshot, rig_map), np.random.default_rng(2)
    samples = walking(joints, rig_map, random)
    free = freedoms_of(joints, rig_map, samples, rig_map.bones.values(), [HIPS], {}, ObjectSpace())
    change = random.normal(0, 0.2, (FRAMES, len(free)))
    step = random.normal(0, 1e-5, (FRAMES, len(free)))
    slope = free.derivatives(samples, change)
    moved = [joints.places(free.changed(samples, change + sign * step)) for sign in (1, -1)]
    wanted = (moved[0] - moved[1]) / 2
    np.testing.assert_allclose(np.einsum("tpxn,tn->tpx", slope, step), wanted, atol=2e-3 * np.abs(wanted).max())
