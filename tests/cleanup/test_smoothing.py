"""Filters equal what solvers find for the same sums; quick movements, and landings, stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.cleanup import smoothing
from mdm_core.skeleton import FEET

optimize = pytest.importorskip("scipy.optimize", reason="SciPy is the oracle")
ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is the oracle")


@given(st.integers(4, 30), st.integers(0, 999))
def test_whittaker_solves_its_normal_equations(frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(frames, 2, 3))
    weights, strengths = rng.uniform(0.1, 2, (frames, 2)), 10 ** rng.uniform(-3, 3, (frames - 3, 2))
    result = smoothing.whittaker(x, weights, strengths)
    third = np.diff(np.eye(frames), n=3, axis=0)
    for k in range(2):
        system = np.diag(weights[:, k]) + third.T @ np.diag(strengths[:, k]) @ third
        np.testing.assert_allclose(system @ result[:, k], weights[:, k, None] * x[:, k], atol=1e-8)


@pytest.mark.parametrize("fps", [20.0, 60.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_trend_finds_nearly_the_least_of_what_it_says(fps: float, seed: int) -> None:
    """SciPy's minimum of the sum in the docstring, jerk below `still` counted by its square (Huber)."""
    rng = np.random.default_rng(seed)
    frames = int(2 * fps)
    x = np.cumsum(rng.normal(0, 0.05, (frames, 1, 2)), axis=0) / fps + 0.003 * rng.normal(size=(frames, 1, 2))
    weights = rng.uniform(0.5, 2, (frames, 1))
    strength, still = smoothing.STRENGTH, smoothing.STILL

    def cost(flat: NDArray[np.floating[Any]]) -> float:
        y = flat.reshape(x.shape)
        jerk = np.linalg.norm(np.diff(y, n=3, axis=0), axis=-1) * fps**3
        huber = np.where(jerk < still, (jerk**2 / still + still) / 2, jerk)
        return float(0.5 * np.sum(weights[..., None] * (y - x) ** 2) + strength * np.sum(huber))

    result = smoothing.trend(x, fps, strength, still, weights)
    start = smoothing.gaussian(x, 1.0).ravel()
    least = optimize.minimize(cost, start, method="L-BFGS-B", options={"maxfun": 200_000, "maxiter": 2_000}).fun
    assert cost(x.ravel()) > 1.5 * least  # there is something to win
    assert cost(result.ravel()) < 1.03 * least


@given(st.floats(0.02, 2.0), st.integers(1, 8), st.floats(0, 6), st.sampled_from([20.0, 30.0, 60.0]))
def test_a_swing_loses_millimetres_however_large_it_is(amplitude: float, halves: int, phase: float, fps: float) -> None:
    """5.4 mm at 3 Hz, and by the cube: jerk pulls with its strength at most, as a square wave in time with it."""
    frequency = halves / 2
    t = np.arange(int(4 * fps)) / fps
    x = np.zeros((len(t), 1, 3))
    x[:, 0, 0] = amplitude * np.sin(2 * np.pi * frequency * t + phase)
    result = smoothing.trend(x, fps, smoothing.STRENGTH, smoothing.STILL)
    middle = slice(int(fps), int(3 * fps))
    kept = 2 * abs(np.mean(result[middle, 0, 0] * np.exp(-2j * np.pi * frequency * t[middle])))
    assert kept > amplitude - 0.0054 * (frequency / 3) ** 3 - 1e-6
    assert kept < amplitude * 1.001


@pytest.mark.parametrize("fps", [20.0, 30.0, 60.0])
def test_a_tremble_goes(fps: float) -> None:
    t = np.arange(int(4 * fps)) / fps
    x = np.zeros((len(t), 1, 3))
    x[:, 0, 1] = 0.015 * np.sin(2 * np.pi * 6 * t)
    result = smoothing.trend(x, fps, smoothing.STRENGTH, smoothing.STILL)
    assert np.abs(result[int(fps) : int(3 * fps)]).max() < 0.001


@pytest.mark.parametrize("frames", [1, 3])
def test_what_has_no_jerk_is_left(frames: int) -> None:
    x = np.random.default_rng(0).normal(size=(frames, 22, 3))
    np.testing.assert_array_equal(smoothing.smooth(x, np.ones((frames, 4), dtype=bool), 20.0), x)
    parabola = np.arange(30.0)[:, None, None] ** 2 * np.ones((1, 22, 3)) * 0.001
    contacts = np.arange(30)[:, None] % 7 < np.ones(4) * 3
    np.testing.assert_allclose(smoothing.smooth(parabola, contacts, 20.0), parabola, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.6, 2.0, 10.0])
def test_gaussian_is_scipys(sigma: float) -> None:
    x = np.random.default_rng(0).normal(size=(25, 3))
    radius = max(1, int(np.ceil(3 * sigma)))
    wanted = ndimage.gaussian_filter1d(x, sigma, axis=0, mode="nearest", radius=radius)
    np.testing.assert_allclose(smoothing.gaussian(x, sigma), wanted, atol=1e-12)


def test_a_landing_is_not_rounded_off_but_noise_is_reduced() -> None:
    """A foot that drops, hits the ground and stays: the corner keeps its place, the noise of the rest shrinks."""
    rng = np.random.default_rng(0)
    height = np.maximum(0.0, 0.08 * (20 - np.arange(40)))
    clean = np.zeros((40, 22, 3))
    clean[:, FEET, 1] = height[:, None]
    contacts = np.zeros((40, 4), dtype=bool)
    contacts[20:] = True
    np.testing.assert_allclose(smoothing.smooth(clean, contacts, 20.0)[18:23, FEET], clean[18:23, FEET], atol=2e-3)
    rounded = np.abs(smoothing.smooth(clean, contacts | True, 20.0)[18:23, FEET] - clean[18:23, FEET]).max()
    assert rounded > 0.005  # what the filter does that knows no landing
    noisy = clean + rng.normal(0, 0.01, clean.shape)
    smoothed = smoothing.smooth(noisy, contacts, 20.0)
    assert np.abs(smoothed - clean)[:, 9].mean() < 0.8 * np.abs(noisy - clean)[:, 9].mean()
