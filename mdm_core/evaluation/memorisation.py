"""How near motions come to what a model was trained on. A model that copies is nearer to it than unseen people are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets.pack import Pack
from mdm_core.features.humanml3d import heading
from mdm_core.skeleton import MIRROR

Array = NDArray[np.floating[Any]]

FRAMES, EVERY = 40, 5
"""Two seconds are compared, a pose every quarter of a second."""
STRIDE = 4
"""Frames between two training windows; what moves at a walk is then at most 12 cm out of step."""
QUERY_STRIDE = 20
CHUNK = 20_000


def nearest(motions: Sequence[Array], pack: Pack, clips: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each motion [T, 22, 3] how far, metres, its two-second windows are from the nearest of these clips; [N].

    The distance of two windows is the root mean square over poses and joints once both start at the origin and face
    +Z; mirror images count. A motion's is the mean over its windows, NaN if it is shorter than one.
    clips: bool [C] of the pack.
    """
    starts = [range(0, len(m) - FRAMES + 1, QUERY_STRIDE) for m in motions]
    cut = [m[s : s + FRAMES : EVERY] for m, of in zip(motions, starts, strict=True) for s in of]
    if not cut:
        return np.full(len(motions), np.nan)
    queries = np.stack(cut)
    mirrored = queries[:, :, MIRROR] * np.array([-1, 1, 1])
    wanted = np.concatenate([described(queries), described(mirrored)])
    least = np.full(len(wanted), np.inf)
    length = (wanted**2).sum(axis=1)
    for known in chunks(pack, clips):
        squared = length[:, None] + (known**2).sum(axis=1)[None] - 2 * wanted @ known.T
        least = np.minimum(least, squared.min(axis=1))
    points = queries.shape[1] * queries.shape[2]
    found = np.sqrt(np.maximum(least, 0) / points).reshape(2, -1).min(axis=0)
    edges = np.cumsum([0] + [len(of) for of in starts])
    return np.array([found[a:b].mean() if b > a else np.nan for a, b in zip(edges[:-1], edges[1:], strict=True)])


def chunks(pack: Pack, clips: NDArray[np.bool_]) -> Iterator[NDArray[np.float32]]:
    """All windows of these clips, described, some thousands at once."""
    offsets = pack.offsets
    starts = [np.arange(offsets[k], offsets[k + 1] - FRAMES + 1, STRIDE) for k in np.flatnonzero(clips)]
    every = np.concatenate(starts) if starts else np.empty(0, dtype=np.int64)
    poses = np.arange(0, FRAMES, EVERY)
    for k in range(0, len(every), CHUNK):
        yield described(pack.positions[every[k : k + CHUNK, None] + poses])


def described(windows: Array) -> NDArray[np.float32]:
    """Windows [N, P, 22, 3] as rows [N, P * 66]: begun above the origin, facing +Z."""
    first = windows[:, 0]
    ahead = heading(first)
    fx, fz = ahead[:, None, None, 0], ahead[:, None, None, 2]
    x, y, z = (windows[..., axis] - (first[:, None, :1, axis] if axis != 1 else 0) for axis in range(3))
    turned = np.stack([fz * x - fx * z, y, fx * x + fz * z], axis=-1)
    return turned.reshape(len(windows), -1).astype(np.float32)
