"""Sampling at the scene's frames: exact times, exact values on whole frames, still points stay still."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_blender.retarget.resample import at_frames, flags_at, scene_frames

RATES = st.sampled_from([6.0, 12.0, 20.0, 23.976, 24.0, 24000 / 1001, 25.0, 29.97, 30.0, 59.94, 60.0, 120.0])


@given(st.integers(1, 250), st.floats(-50, 500), RATES)
def test_scene_frames_are_whole_and_all_that_lie_within(length: int, start: float, rate: float) -> None:
    frames = scene_frames(length, 20.0, start, rate)
    end = start + (length - 1) / 20 * rate
    assert len(frames) >= 1
    if len(frames) > 1:
        assert np.all(frames == np.round(frames))
        assert frames[0] - start < 1 + 1e-6
        assert end - frames[-1] < 1 + 1e-6
        assert np.allclose(np.diff(frames), 1)
    assert frames[0] >= start - 1e-5
    assert frames[-1] <= end + 1e-5


def test_same_rate_changes_nothing() -> None:
    motion = np.random.default_rng(0).normal(size=(30, 22, 3))
    frames = scene_frames(30, 20.0, 1, 20.0)
    assert np.array_equal(frames, np.arange(1, 31))
    assert np.allclose(at_frames(motion, frames - 1), motion, atol=1e-12)


@given(st.floats(0, 29))
def test_a_parabola_is_met_between_frames(at: float) -> None:
    """A Catmull-Rom spline reproduces second degree polynomials away from the ends: linear sampling would not."""
    t = np.arange(30.0)
    values = np.stack([0.3 * t**2 - 2 * t, 1 - t, np.full(30, 4.0)], axis=-1)[:, None]
    got = at_frames(values, np.array([at]))[0, 0]
    tolerance = 1e-9 if 1 <= at <= 28 else 0.3
    assert got == pytest.approx([0.3 * at**2 - 2 * at, 1 - at, 4.0], abs=tolerance)


def test_a_standing_foot_stands_between_frames_too() -> None:
    values = np.concatenate([np.linspace(1, 0, 8), np.zeros(8), np.linspace(0, 1, 8)])[:, None, None] * np.ones(3)
    between = at_frames(values, np.linspace(8, 14, 61))
    assert np.abs(between).max() < 1e-12


def test_flags_are_those_of_the_nearest_frame() -> None:
    flags = np.array([[True], [False], [True]])
    assert flags_at(flags, np.array([0.0, 0.4, 0.6, 1.4, 1.6, 5.0]))[:, 0].tolist() == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


def test_one_frame_is_held() -> None:
    assert np.array_equal(at_frames(np.ones((1, 22, 3)), np.array([0.0, 0.5])), np.ones((2, 22, 3)))
