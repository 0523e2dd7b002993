"""Orthonormal frames from directions, as quaternions. Frame: y along the segment, x to the side, z = x × y."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import from_matrix, normalize

Array = NDArray[np.floating]

LEFT = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])


def along(y: Array, x: Array) -> Array:
    """Frames [..., 4] with y exactly along y [..., 3] and x as near to x [..., 3] as it can be."""
    y = normalize(y)
    x = normalize(x - np.sum(x * y, axis=-1, keepdims=True) * y)
    return _columns(x, y)


def across(x: Array, y: Array) -> Array:
    """Frames [..., 4] with x exactly along x [..., 3] and y as near to y [..., 3] as it can be."""
    x = normalize(x)
    y = normalize(y - np.sum(x * y, axis=-1, keepdims=True) * x)
    return _columns(x, y)


def _columns(x: Array, y: Array) -> Array:
    x, y = np.broadcast_arrays(x, y)
    return from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def sagittal(degrees: float | Array) -> Array:
    """The unit direction [..., 3] that leans forward from straight up by so many degrees."""
    angle = np.radians(np.asarray(degrees, dtype=np.float64))
    return np.stack([np.zeros_like(angle), np.cos(angle), np.sin(angle)], axis=-1)


def smooth(values: Array, sigma: float) -> Array:
    """Gaussian average of values [T, ...] over time, sigma in frames; beyond the ends the weight is renormalised."""
    if sigma <= 0 or len(values) < 2:
        return values
    reach = min(int(np.ceil(3 * sigma)), len(values) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    flat = values.reshape(len(values), -1)
    ones = np.ones(len(values))
    total = np.convolve(ones, kernel)[reach : reach + len(values)]
    columns = [np.convolve(column, kernel)[reach : reach + len(values)] / total for column in flat.T]
    return np.stack(columns, axis=-1).reshape(values.shape)


def ramp(value: Array, low: float, high: float) -> Array:
    """0 below low, 1 above high, smoothly between (low may exceed high)."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
