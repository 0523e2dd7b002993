"""What samplers impose on x0 at every denoising step: known features, smooth seams, targets in the world.

Each function makes a `constrain` argument for `diffusion.samplers`. All work on normalised features [B, T, D], NumPy or
torch. `inpaint.replace_known` is MDM's own, for comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.arrays import Array, like, namespace
from mdm_core.diffusion.samplers import Constrain
from mdm_core.editing import world
from mdm_core.editing.projection import Projection, matern
from mdm_core.features.layout import Layout

Numbers = NDArray[np.floating[Any]]

SEAM_SECONDS = 0.25
"""How far a seam reaches into what is made anew."""
SEAM_FRAMES = 2
"""Frames on the known side that a seam joins: two, so that place and velocity go on."""


def joined(known: Numbers, weight: Numbers, fps: float) -> Constrain:
    """Keep `known` [T, D] by `weight` [T, D], 1 exactly, 0 not at all, and let the rest grow out of it.

    MDM replaces what is known and leaves a jump beside it. Here the prediction's error at the last known frames is
    also taken off, fading, from the frames beside them, column by column: the conditional mean of a Gaussian process.
    """
    seams = _seams(weight >= 1.0, fps)

    def constrain(x0: Array, _step: int) -> Array:
        there = like(known[None], x0)
        joined_up = x0
        for columns, frames, response in seams:
            missing = there[:, frames][:, :, columns] - x0[:, frames][:, :, columns]
            change = like(response, x0) @ missing
            joined_up = joined_up + change @ like(np.eye(known.shape[1])[columns], x0)
        share = like(weight[None], x0)
        return namespace(x0).where(share >= 1, there, joined_up + share * (there - joined_up))

    return constrain


def _seams(known: NDArray[np.bool_], fps: float) -> list[tuple[NDArray[np.intp], NDArray[np.intp], Numbers]]:
    """For columns that are known at the same frames of [T, D]: those columns, the frames of their seams, responses."""
    result: list[tuple[NDArray[np.intp], NDArray[np.intp], Numbers]] = []
    times = np.arange(len(known)) / fps
    patterns, group = np.unique(known, axis=1, return_inverse=True)
    for k, pattern in enumerate(patterns.T):
        frames = np.flatnonzero(borders(pattern, SEAM_FRAMES))
        if len(frames):
            prior = matern(times[frames], times[frames], SEAM_SECONDS)
            response = matern(times, times[frames], SEAM_SECONDS) @ np.linalg.inv(prior)
            result.append((np.flatnonzero(group.ravel() == k), frames, response))
    return result


def borders(marked: NDArray[np.bool_], depth: int) -> NDArray[np.bool_]:
    """The marked frames of [T, ...] that have an unmarked one at most `depth` frames away."""
    near = np.zeros(marked.shape, dtype=bool)
    for shift in range(1, min(depth, len(marked) - 1) + 1):
        near[:-shift] |= ~marked[shift:]
        near[shift:] |= ~marked[:-shift]
    return marked & near


def riding(joints: NDArray[np.bool_], heights: Numbers, layout: Layout, mean: Numbers, std: Numbers) -> Constrain:
    """Known joints, bool [T, 22], go up and down with hips that are made anew, whose old heights [T] are given.

    Features hold joints in the hips' place and heading, but at their height above the ground. Comes after `joined`.
    """
    height, first = layout.slice("root").start + 3, layout.slice("ric").start
    columns = first + 1 + 3 * np.arange(21)
    share = np.zeros((len(joints), layout.width))
    share[:, columns] = joints[:, 1:] / std[columns]

    def constrain(x0: Array, _step: int) -> Array:
        rise = x0[..., height] * float(std[height]) + float(mean[height]) - like(heights[None], x0)
        return x0 + like(share[None], x0) * rise[..., None]

    return constrain


def projected(projection: Projection, layout: Layout, mean: Numbers, std: Numbers) -> Constrain:
    """Move x0 onto the projection's targets in the world; mean, std: [D] of the features."""

    def constrain(x0: Array, _step: int) -> Array:
        x = x0 * like(std, x0) + like(mean, x0)
        before = world.decode(x, layout)
        after = projection.apply(*before)
        return (world.encode(x, layout, before, after) - like(mean, x0)) / like(std, x0)

    return constrain


def in_turn(*constraints: Constrain) -> Constrain:
    """One constraint after the other."""

    def constrain(x0: Array, step: int) -> Array:
        for each in constraints:
            x0 = each(x0, step)
        return x0

    return constrain
