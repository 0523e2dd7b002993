"""Filters equal SciPy's, and a landing stays sharp."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.cleanup import smoothing
from mdm_core.skeleton import FEET

signal = pytest.importorskip("scipy.signal", reason="SciPy is the oracle")
ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is the oracle")


@pytest.mark.parametrize(("window", "order"), [(5, 2), (7, 3), (9, 4)])
@pytest.mark.parametrize("frames", [9, 30])
def test_savitzky_golay_is_scipys(window: int, order: int, frames: int) -> None:
    x = np.random.default_rng(0).normal(size=(frames, 4, 3))
    wanted = signal.savgol_filter(x, window, order, axis=0, mode="interp")
    np.testing.assert_allclose(smoothing.savitzky_golay(x, window, order), wanted, atol=1e-12)


def test_a_sequence_shorter_than_the_window_is_left() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_array_equal(smoothing.savitzky_golay(x, 5), x)


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
    rounded = np.abs(smoothing.savitzky_golay(clean, 5)[18:23, FEET] - clean[18:23, FEET]).max()
    assert rounded > 0.01  # what the plain filter would do
    noisy = clean + rng.normal(0, 0.01, clean.shape)
    smoothed = smoothing.smooth(noisy, contacts, 20.0)
    assert np.abs(smoothed - clean)[:, 9].mean() < 0.8 * np.abs(noisy - clean)[:, 9].mean()
