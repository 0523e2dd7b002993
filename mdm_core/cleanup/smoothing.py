"""Filters along time. They know frames, not bodies, except that feet on the ground are left sharp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import FEET

Array = NDArray[np.floating[Any]]

WINDOW = 0.25
"""Seconds: at 20 fps five frames, which keep 94 % of a 3 Hz movement and half of a 6 Hz one."""


def savitzky_golay(x: Array, window: int, order: int = 2) -> Array:
    """x [T, ...] with every frame replaced by the value there of a polynomial fitted to the `window` frames around it.

    Savitzky and Golay (1964). `window` is odd; at the ends the outermost whole window's polynomial is used. Sequences
    shorter than the window come back as they are.
    """
    half = window // 2
    if len(x) < window or window <= order:
        return x.copy()
    offsets = np.arange(-half, half + 1)
    fit = np.linalg.pinv(np.vander(offsets, order + 1, increasing=True))
    windows = np.lib.stride_tricks.sliding_window_view(x, window, axis=0)
    result = np.empty(x.shape, dtype=np.float64)
    result[half : len(x) - half] = windows @ fit[0]
    for at, frames, places in ((0, slice(0, half), offsets[:half]), (-1, slice(-half, None), offsets[-half:])):
        weights = np.vander(places, order + 1, increasing=True) @ fit
        result[frames] = np.moveaxis(windows[at] @ weights.T, -1, 0)
    return result


def gaussian(x: Array, sigma: float) -> Array:
    """x [T, ...] convolved in time with a Gaussian of `sigma` frames cut at three sigma, edge frames repeated."""
    radius = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    padded = np.pad(x, [(radius, radius)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0) @ (kernel / kernel.sum())


def around(x: Array, radius: int, of: Callable[..., Array] = np.max) -> Array:
    """x [T, ...] with every frame replaced by the greatest (or `of`, as the mean) of the frames `radius` around it."""
    padded = np.pad(x, [(radius, radius)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    return of(np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0), axis=-1)


def smooth(positions: Array, contacts: NDArray[np.bool_], fps: float) -> Array:
    """Positions [T, 22, 3] lightly smoothed; a foot keeps its own path around touch-down and lift-off.

    contacts: bool [T, 4] in the order of `skeleton.FEET`. A polynomial across a landing would round it off.
    """
    window = round(WINDOW * fps) // 2 * 2 + 1
    result = savitzky_golay(positions, window)
    change = np.zeros(contacts.shape, dtype=bool)
    change[1:] |= contacts[1:] != contacts[:-1]
    change[:-1] |= change[1:]
    keep = around(around(change, window // 2 + 1).astype(np.float64), 1, np.mean)[..., None]
    feet = list(FEET)
    result[:, feet] = keep * positions[:, feet] + (1 - keep) * result[:, feet]
    return result
