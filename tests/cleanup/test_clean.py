"""The whole clean-up: feet that stand stand still, nothing gets rougher, and good motion is left as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup import clean, contacts, footlock, measures
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.motion import Motion
from mdm_core.skeleton import BONE_LENGTHS, FEET

FPS = 20.0
WALKS = ("136_24", "105_31")
Mocap = dict[str, NDArray[np.float64]]


def labels(positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The contacts that the training data gets: independent of what the clean-up thinks."""
    from mdm_core.datasets import cmu

    return cmu.contacts(positions, FPS)


def sliding(positions: NDArray[np.float64], *, speed: float, noise: float, seed: int = 0) -> NDArray[np.float32]:
    """The motion on ice: the whole body drifts this way and that (m/s), with white noise (m) on every joint."""
    rng = np.random.default_rng(seed)
    t = np.arange(len(positions)) / FPS
    pace, phase = rng.uniform(0.5, 3, size=2), rng.uniform(0, 6, size=2)
    velocity = speed * np.stack([np.sin(t * pace[0] + phase[0]), 0 * t, np.cos(t * pace[1] + phase[1])], axis=-1)
    drift = np.cumsum(velocity, axis=0)[:, None] / FPS
    return (positions + drift + rng.normal(0, noise, positions.shape)).astype(np.float32)


@pytest.mark.parametrize(("speed", "noise"), [(0.2, 0.0), (0.2, 0.004), (0.0, 0.004)])
def test_slide_goes_and_jitter_does_not_come(mocap: Mocap, speed: float, noise: float) -> None:
    before, after, rough, smooth = [], [], [], []
    for positions in mocap.values():
        on_ground = contacts.plateaus(labels(positions).astype(float), positions, FPS)
        given = sliding(positions, speed=speed, noise=noise)
        result = clean(Motion(given, contacts=labels(positions))).positions
        before.append(measures.slide(given, on_ground, FPS))
        after.append(measures.slide(result, on_ground, FPS))
        rough.append(measures.jitter(given, FPS))
        smooth.append(measures.jitter(result, FPS))
        assert measures.bone_deviation(result) < 1e-5
        assert result[:, FEET, 1].min() > -1e-5
    assert np.mean(after) < 0.15 * np.mean(before) + 0.005
    assert np.mean(smooth) < 1.02 * np.mean(rough)


def test_real_motion_is_hardly_touched(mocap: Mocap) -> None:
    """Poses change by a centimetre; the path by a few in a hundred, for feet roll forward while they stand."""
    for name, positions in mocap.items():
        result = clean(Motion(positions.astype(np.float32), contacts=labels(positions))).positions
        pose = (result - result[:, :1]) - (positions - positions[:, :1])
        assert np.linalg.norm(pose, axis=-1).mean() < 0.012, name
        assert np.linalg.norm(result[0, 0] - positions[0, 0]) < 0.05, name
        way = np.linalg.norm(positions[-1, 0] - positions[0, 0])
        assert np.linalg.norm((result - positions)[-1, 0]) < 0.08 * way + 0.05, name


def test_quick_hands_and_feet_stay_quick(mocap: Mocap) -> None:
    """The fastest moment of each, against the body: within 3 % on the mean, and within a frame of its time."""
    ratios = []
    for name, positions in mocap.items():
        result = clean(Motion(positions.astype(np.float32), contacts=labels(positions))).positions.astype(np.float64)
        before, after = (contacts.speed(x - x[:, :1], FPS)[:, [7, 8, 20, 21]] for x in (positions, result))
        for speed, now in zip(before.T, after.T, strict=True):
            at = int(speed.argmax())
            near = slice(max(0, at - 1), at + 2)
            if speed[at] > 1.5 and 2 < at < len(speed) - 3:
                ratios.append(now[near].max() / speed[at])
                assert now[near].max() > 0.995 * now[max(0, at - 3) : at + 4].max(), name
    assert len(ratios) > 15 and abs(np.mean(ratios) - 1) < 0.03


def test_a_path_that_the_legs_do_not_walk_is_corrected(mocap: Mocap) -> None:
    """On ice the body ends half a metre off; the feet tell where it should be."""
    for name in (*WALKS, "55_25"):
        positions = mocap[name]
        given = positions + np.linspace(0, 0.2 * len(positions) / FPS, len(positions))[:, None, None] * [1.0, 0, 0]
        result = clean(Motion(given.astype(np.float32), contacts=labels(positions))).positions
        off, left = (np.linalg.norm((x - positions)[:, 0], axis=-1).max() for x in (given, result))
        assert left < 0.45 * off, name


def test_locked_feet_stand_exactly_on_their_toes(mocap: Mocap) -> None:
    """What the result calls a contact of the toes moves less than a millimetre a frame over the ground."""
    for name in WALKS:
        result = clean(Motion(sliding(mocap[name], speed=0.2, noise=0.002), contacts=labels(mocap[name])))
        assert result.contacts is not None
        toes = result.contacts[:, [1, 3]]
        step = np.linalg.norm(np.diff(result.positions[:, [10, 11]][..., [0, 2]], axis=0), axis=-1)
        standing = step[toes[1:] & toes[:-1]]
        assert len(standing) > 20 and np.percentile(standing, 95) < 1e-3


def test_a_body_that_drifts_on_both_feet_stops_without_leaning() -> None:
    """Ten seconds of standing while the model lets it drift by 40 cm: the pelvis must stay above the feet."""
    pose = rest_pose(BONE_LENGTHS)
    pose[:, 1] -= pose[:, 1].min()
    drift = np.linspace(0, 0.4, 200)[:, None, None] * np.array([1.0, 0, 0])
    given = (pose + drift).astype(np.float32)
    result = clean(Motion(given, contacts=np.ones((200, 4), dtype=bool))).positions
    assert np.ptp(result[:, FEET][..., [0, 2]], axis=0).max() < 2e-3
    lean = (result[:, 0] - result[:, [7, 8]].mean(axis=1))[:, 0]
    assert np.abs(lean - lean.mean()).max() < 0.05


@settings(max_examples=10)
@given(st.floats(-np.pi, np.pi), st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 100))
def test_it_does_not_matter_where_the_motion_is_and_where_it_faces(yaw: float, x: float, z: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(60)[:, None, None] / FPS
    pose = rest_pose(BONE_LENGTHS)
    pose[:, 1] -= pose[:, 1].min()
    sway = 0.1 * np.sin(rng.uniform(1, 4, size=(1, 22, 3)) * t + rng.uniform(0, 6, size=(1, 22, 3)))
    positions = pose + sway * np.linspace(0, 1, 22)[None, ::-1, None]
    turn = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.array(yaw))
    moved = rotations.rotate(np.broadcast_to(turn, (60, 22, 4)), positions) + [x, 0, z]
    scores = rng.random((60, 4))
    here = clean(Motion(positions.astype(np.float32)), scores)
    there = clean(Motion(moved.astype(np.float32)), scores)
    wanted = rotations.rotate(np.broadcast_to(turn, (60, 22, 4)), here.positions.astype(float)) + [x, 0, z]
    np.testing.assert_array_equal(here.contacts, there.contacts)
    np.testing.assert_allclose(there.positions, wanted, atol=2e-3)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_motions_are_cleaned_too(frames: int) -> None:
    positions = np.stack([rest_pose(BONE_LENGTHS)] * frames).astype(np.float32) + np.float32(0.97)
    for known in (None, np.ones((frames, 4), dtype=bool)):
        result = clean(Motion(positions, contacts=known))
        assert result.positions.shape == positions.shape and np.isfinite(result.positions).all()


def test_nothing_but_positions_and_contacts_changes() -> None:
    positions = np.stack([rest_pose(BONE_LENGTHS)] * 8).astype(np.float32) + np.float32(0.97)
    given = Motion(positions, 20.0, None, "stands", 7, "m", np.zeros((8, 5), dtype=np.float32))
    before = positions.copy()
    result = clean(given)
    assert (result.fps, result.prompt, result.seed, result.model) == (20.0, "stands", 7, "m")
    assert result.features is given.features
    np.testing.assert_array_equal(given.positions, before)


@pytest.mark.parametrize(("height", "wanted"), [(0.05, 0.0), (-0.05, 0.0), (0.4, 0.4)])
def test_feet_come_down_to_the_ground_but_not_off_a_platform(height: float, wanted: float) -> None:
    pose = rest_pose(BONE_LENGTHS)
    pose[:, 1] += height - pose[:, 1].min()
    given = np.stack([pose] * 30).astype(np.float32)
    result = clean(Motion(given, contacts=np.ones((30, 4), dtype=bool))).positions
    assert result[:, FEET, 1].min(axis=1) == pytest.approx(wanted, abs=1e-3)
    assert result[:, 0, 1] - given[:, 0, 1] == pytest.approx(wanted - height, abs=5e-3)


@settings(max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.floats(1.5, 8), st.integers(0, 99))
def test_corrections_fade_without_overshooting(standing: list[bool], blend: float, seed: int) -> None:
    mask = np.array(standing)
    values = np.random.default_rng(seed).normal(size=(len(mask), 3)) * mask[:, None]
    filled = values.copy()
    footlock.fade(filled, contacts.runs(mask), blend)
    np.testing.assert_array_equal(filled[mask], values[mask])
    assert np.abs(filled).max() <= np.abs(values).max() + 1e-12


def test_between_two_stances_the_correction_fades_softly_to_nothing() -> None:
    values = np.zeros((40, 1))
    values[:5], values[35:] = 1.0, -1.0
    footlock.fade(values, [(0, 5), (35, 40)], 6.0)
    assert np.abs(np.diff(values[:, 0])).max() < 1.5 / 6 * 1.05
    np.testing.assert_array_equal(values[12:28], 0)
