"""A motion at the scene's own frames: positions and contacts at fractional times, before anything is put on a rig."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def scene_frames(length: int, fps: float, frame_start: float, scene_fps: float) -> Array:
    """The whole scene frames [N] within a motion of `length` frames at `fps` that begins at frame_start.

    Nothing is made up past its end. A motion too short to reach a whole frame gets frame_start itself.
    """
    first = np.ceil(frame_start - 1e-6)
    last = np.floor(frame_start + (length - 1) / fps * scene_fps + 1e-6)
    return np.arange(first, last + 1) if last >= first else np.array([float(frame_start)])


def at_frames(positions: NDArray[np.floating], at: Array) -> Array:
    """Positions [T, ...] at fractional frames [N] on a Catmull-Rom spline: exact at whole frames, held at the ends.

    A point that stands still through the neighbouring frames stands still between them: feet do not slip.
    """
    points = np.asarray(positions, dtype=np.float64)
    last = len(points) - 1
    at = np.clip(at, 0, last)
    low = np.minimum(np.floor(at + 1e-9).astype(int), max(last - 1, 0))
    t = np.clip(at - low, 0.0, 1.0).reshape(-1, *([1] * (points.ndim - 1)))
    # Before the first and after the last frame the motion goes on in a straight line.
    padded = np.concatenate([2 * points[:1] - points[min(1, last)], points, 2 * points[-1:] - points[max(last - 1, 0)]])
    p0, p1, p2, p3 = np.moveaxis(padded[np.minimum(low[:, None] + np.arange(4), last + 2)], 1, 0)
    return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))


def flags_at(flags: NDArray[np.bool_], at: Array) -> NDArray[np.bool_]:
    """Contact flags [T, 4] at fractional frames [N]: those of the nearest frame."""
    return flags[np.clip(np.rint(at).astype(int), 0, len(flags) - 1)]
