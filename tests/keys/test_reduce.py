"""Key reduction against curves whose answer is known, and the tolerance as a property of any curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_blender.keys.reduce import Error, played, reduced

Array = NDArray[np.float64]


def away(dense: Array, tolerance: float) -> Error:
    def error(values: Array, first: int, last: int) -> Array:
        return np.linalg.norm(values - dense[first : last + 1], axis=-1) / tolerance

    return error


def wobble(seed: int, frames: int, channels: int) -> Array:
    """Sums of sines of random speeds: smooth, without a pattern."""
    random = np.random.default_rng(seed)
    t = np.arange(frames)[:, None, None]
    speed, phase = random.uniform(0.02, 0.6, (1, channels, 4)), random.uniform(0, 7, (1, channels, 4))
    return np.sin(speed * t + phase).mean(axis=-1)


@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(1, 120),
    channels=st.integers(1, 4),
    tolerance=st.sampled_from([0.3, 0.03, 0.003]),
)
def test_no_frame_is_off_by_more_than_the_tolerance(seed: int, frames: int, channels: int, tolerance: float) -> None:
    dense, times = wobble(seed, frames, channels), np.arange(frames) / 3 + 7
    fit = reduced(times, dense, away(dense, tolerance))
    assert np.linalg.norm(played(fit, times, times) - dense, axis=-1).max() <= tolerance * (1 + 1e-9)
    assert fit.indices[0] == 0 and fit.indices[-1] == frames - 1
    assert np.all(np.diff(fit.indices) > 0)
    assert np.array_equal(fit.values[0], dense[0]) and np.array_equal(fit.values[-1], dense[-1])


def test_a_cubic_is_two_keys() -> None:
    t = np.arange(50.0)
    dense = np.stack([1e-4 * (t - 10) ** 3, 2 - t], axis=-1)
    fit = reduced(t, dense, away(dense, 1e-5))
    assert list(fit.indices) == [0, 49]
    assert fit.after[0] == pytest.approx([3e-4 * 100, -1], abs=1e-4)
    assert fit.before[1] == pytest.approx([3e-4 * 39**2, -1], abs=1e-4)


def test_what_stands_still_is_two_keys_and_a_corner_keeps_one() -> None:
    dense = np.concatenate([np.zeros(30), np.arange(31.0)])[:, None]
    t = np.arange(61.0)
    assert len(reduced(t, 0 * dense, away(0 * dense, 1e-3)).indices) == 2
    corner = reduced(t, dense, away(dense, 1e-3))
    assert 30 in corner.indices or 29 in corner.indices
    assert len(corner.indices) <= 4


def test_a_wave_takes_a_few_keys_a_turn_and_fewer_with_more_tolerance() -> None:
    t = np.arange(241.0)
    dense = np.sin(2 * np.pi * t / 60)[:, None]
    counts = [len(reduced(t, dense, away(dense, tolerance)).indices) for tolerance in (1e-4, 1e-2, 0.1)]
    assert counts[0] > counts[1] >= counts[2]
    assert counts[1] <= 4 * 4 + 1


def test_fixed_frames_keep_their_key_and_value() -> None:
    dense = wobble(3, 80, 2)
    fit = reduced(np.arange(80.0), dense, away(dense, 0.5), fixed=[13, 40, 41])
    for index in (13, 40, 41):
        assert np.array_equal(fit.values[list(fit.indices).index(index)], dense[index])


def test_a_stride_keeps_keys_off_the_times_between() -> None:
    dense = wobble(4, 81, 2)
    fit = reduced(np.arange(81) / 4, dense, away(dense, 0.02), stride=4)
    assert all(index % 4 == 0 for index in fit.indices)


def test_slopes_of_aligned_keys_are_one() -> None:
    dense = wobble(8, 100, 3)
    fit = reduced(np.arange(100.0), dense, away(dense, 0.02))
    inner = fit.aligned[1:-1]
    assert inner.any()
    assert np.array_equal(fit.before[1:-1][inner], fit.after[1:-1][inner])
