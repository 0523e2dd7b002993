"""The projection: targets are met, in the world of an independent decoder, and as little as can be is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.editing import constraints, projection, world
from mdm_core.editing.projection import Projection, Targets
from mdm_core.features import humanml3d
from mdm_core.features.layout import FULL, Layout
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINTS

FRAMES = 30
OURS = Layout(("root", "ric", "velocity", "contact"))


def walk(seed: int = 0, frames: int = FRAMES) -> NDArray[np.float64]:
    """Features [T, 263] of somebody who goes along a bend with swaying limbs."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames + 1)[:, None, None] / 20
    phase = rng.uniform(0, 6, size=(1, JOINTS, 1))
    pose = rest_pose(BONE_LENGTHS) + [0, 1, 0] + 0.05 * np.sin(4 * t + phase) * [0.3, 0.2, 1.0]
    yaw = 0.6 * t[..., 0] * rng.normal()
    place = np.cumsum(0.05 * np.concatenate([np.sin(yaw), 0 * yaw, np.cos(yaw)], axis=1), axis=0)
    return humanml3d.extract(world.turned(yaw, pose) + place[:, None], "steady").astype(np.float64)


def motion(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Yaw [1, T] and positions [1, T, 22, 3]."""
    return world.decode(walk(seed)[None], FULL)


def aim(frame_joints: list[tuple[int, int]], positions: NDArray[Any]) -> Targets:
    """These joints at these frames, where `positions` [T, 22, 3] has them."""
    marked = np.zeros((FRAMES, JOINTS), dtype=bool)
    for frame, joint in frame_joints:
        marked[frame, joint] = True
    return replace(projection.nothing(FRAMES), positions=positions, joints=marked, yields=marked)


TARGETS = st.lists(st.tuples(st.integers(0, FRAMES - 1), st.integers(0, JOINTS - 1)), min_size=1, max_size=12)


@settings(max_examples=25)
@given(TARGETS, st.integers(0, 100))
def test_any_joints_at_any_frames_are_met(frame_joints: list[tuple[int, int]], seed: int) -> None:
    yaw, positions = motion(seed)
    wanted = positions[0] + np.random.default_rng(seed).normal(size=positions[0].shape) * 0.3
    targets = aim(frame_joints, wanted)
    _, after = Projection(targets, 20.0).apply(yaw, positions)
    np.testing.assert_allclose(after[0][targets.joints], wanted[targets.joints], atol=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 100), st.floats(-3, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_a_key_pose_is_met_in_the_world_of_the_features(seed: int, turn: float, x: float, z: float) -> None:
    """Place, height and heading of a whole pose, decoded by `humanml3d` from what the constraint returns."""
    features = walk(seed)
    _, positions = world.decode(features[None], FULL)
    wanted = positions[0].copy()
    wanted[20] = world.turned(np.array([turn]), wanted[20] - wanted[20, 0]) + wanted[20, 0] + [x, 0.05, z]
    everything = [(frame, joint) for frame in (0, 20) for joint in range(JOINTS)]
    constrain = constraints.projected(
        Projection(aim(everything, wanted), 20.0), OURS, np.full(OURS.width, 0.1), np.full(OURS.width, 0.5)
    )
    normalised = (features[:, OURS.columns] - 0.1) / 0.5
    made = constrain(normalised[None], 7)[0] * 0.5 + 0.1
    full = np.zeros((FRAMES, 263))
    full[:, OURS.columns] = made
    decoded = humanml3d.recover_positions(full)
    np.testing.assert_allclose(decoded[20], wanted[20], atol=1e-4)
    ahead, there = humanml3d.heading(decoded[20:21])[0], humanml3d.heading(wanted[20:21])[0]
    assert np.degrees(np.arccos(np.clip(ahead @ there, -1, 1))) < 0.1


def test_what_is_met_already_changes_nothing() -> None:
    yaw, positions = motion()
    everything = [(frame, joint) for frame in (0, 11) for joint in range(JOINTS)]
    turned, after = Projection(aim(everything, positions[0].copy()), 20.0).apply(yaw, positions)
    np.testing.assert_allclose(turned, yaw, atol=1e-12)
    np.testing.assert_allclose(after, positions, atol=1e-9)


def test_a_hand_takes_its_arm_along_and_leaves_the_rest_of_the_body_more_at_rest() -> None:
    yaw, positions = motion()
    wanted = positions[0].copy()
    wrist, elbow, other = INDEX["right_wrist"], INDEX["right_elbow"], INDEX["left_wrist"]
    wanted[15, wrist] += [0.1, 0.2, 0.1]
    moved = np.linalg.norm(Projection(aim([(15, wrist)], wanted), 20.0).apply(yaw, positions)[1] - positions, axis=-1)[
        0
    ]
    assert moved[15, wrist] > moved[15, elbow] > moved[15, INDEX["spine3"]] >= moved[15, 0] > 0
    assert moved[15, elbow] > moved[15, other]
    assert moved[15, wrist] > moved[14, wrist] > moved[10, wrist] > moved[0, wrist]


def test_the_body_does_not_move_where_its_hips_are_kept() -> None:
    yaw, positions = motion()
    wanted = positions[0].copy()
    wanted[15, 21] += [0.1, 0.2, 0.1]
    targets = aim([(15, 21), *((frame, 0) for frame in range(FRAMES))], wanted)
    _, after = Projection(targets, 20.0).apply(yaw, positions)
    np.testing.assert_allclose(after[0, :, 0], positions[0, :, 0], atol=1e-9)
    assert np.abs(after[0, :, 10] - positions[0, :, 10]).max() < 0.02


def test_a_path_moves_the_hips_alone_on_the_ground() -> None:
    yaw, positions = motion()
    wanted = positions[0].copy()
    wanted[:, 0] += [0.4, 9.0, -0.3]
    targets = replace(projection.nothing(FRAMES), positions=wanted, ground=np.ones(FRAMES, dtype=bool))
    _, after = Projection(targets, 20.0).apply(yaw, positions)
    np.testing.assert_allclose(after - positions, np.broadcast_to([0.4, 0, -0.3], positions.shape), atol=1e-12)


def test_heading_is_met_by_the_shorter_way_round() -> None:
    yaw, positions = motion(3)
    facing = np.zeros(FRAMES, dtype=bool)
    facing[25] = True
    wanted = yaw[0] + np.where(facing, 2 * np.pi - 0.5, 0.0)
    targets = replace(projection.nothing(FRAMES), yaw=wanted, facing=facing)
    turned, _ = Projection(targets, 20.0).apply(yaw, positions)
    np.testing.assert_allclose(turned[0] - yaw[0], np.full(FRAMES, -0.5), atol=1e-9)


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(any))
def test_spreading_takes_each_value_where_it_is_marked_and_keeps_a_common_one(marked: list[bool]) -> None:
    mask = np.array(marked)
    shares = projection.spread(mask)
    np.testing.assert_allclose(shares[mask], np.eye(int(mask.sum())), atol=1e-12)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares >= 0).all()


def test_spreading_leaves_the_velocity_at_the_marks() -> None:
    mask = np.zeros(101, dtype=bool)
    mask[[0, 100]] = True
    way = projection.spread(mask)[:, 1]
    assert way[1] < 0.001 and way[-2] > 0.999 and (np.diff(way) >= 0).all()


def test_bones_hardly_stretch_where_a_pose_is_moved_as_a_whole() -> None:
    """Frames around a displaced key pose go along instead of tearing."""
    yaw, positions = motion()
    wanted = positions[0] + [0.5, 0.0, 0.8]
    keys = [(15, joint) for joint in range(JOINTS)]
    _, after = Projection(aim(keys, wanted), 20.0).apply(yaw, positions)

    def lengths(p: NDArray[Any]) -> NDArray[Any]:
        return np.linalg.norm(p[0, :, 21] - p[0, :, 19], axis=-1)

    np.testing.assert_allclose(lengths(after), lengths(positions), atol=1e-9)


def test_torch_says_the_same() -> None:
    torch = pytest.importorskip("torch")
    yaw, positions = motion()
    wanted = positions[0] + 0.1
    targets = aim([(15, joint) for joint in range(JOINTS)] + [(5, 20)], wanted)
    expected = Projection(targets, 20.0).apply(yaw, positions)
    found = Projection(targets, 20.0).apply(torch.from_numpy(yaw), torch.from_numpy(positions))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b.numpy(), a, atol=1e-9)


def test_takes_of_a_batch_do_not_hear_each_other() -> None:
    yaw, positions = (np.concatenate([a, b]) for a, b in zip(motion(0), motion(1), strict=True))
    targets = aim([(15, joint) for joint in range(JOINTS)], positions[0] + 0.2)
    both = Projection(targets, 20.0).apply(yaw, positions)
    alone = Projection(targets, 20.0).apply(*motion(1))
    np.testing.assert_allclose(both[1][1:], alone[1], atol=1e-12)
