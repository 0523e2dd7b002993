"""What a plan knows of a motion, as networks that were trained for editing are shown it (`features.observation`).

Features that are kept, poses that are met, and where in the world the hips then are. Only says what is known: that the
result keeps it is the work of `constraints`, whatever the network makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.editing import world
from mdm_core.editing.plan import Plan
from mdm_core.features.layout import Layout
from mdm_core.features.observation import METRES, PLACE
from mdm_core.skeleton import JOINTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Observed:
    """values: normalised features [T, D], known: bool [T, D]; ground: [T, 2] metres, x and z of the hips, and yaw: [T]
    radians, in one world; placed: bool [T], the frames at which these two are known."""

    values: Numbers
    known: Mask
    ground: Numbers
    yaw: Numbers
    placed: Mask


def of(plan: Plan, layout: Layout, mean: Numbers, std: Numbers) -> Observed:
    """Everything that the plan knows; mean, std: [D] of the features."""
    features, known = plan.known[:, layout.columns].copy(), plan.weight[:, layout.columns] >= 1
    root, ric = layout.slice("root"), layout.slice("ric")
    heights = np.arange(ric.start + 1, ric.stop, 3)
    known[:, heights] &= ~plan.riding[:, 1:]
    targets, yaw = plan.targets, plan.targets.yaw.copy()
    whole = targets.joints.all(axis=1)
    posed = np.flatnonzero(whole & ~known[:, ric].all(axis=1))
    if len(posed):
        place = targets.positions[posed].astype(np.float64)
        yaw[posed] = world.facing(place)
        local = world.turned(-yaw[posed][:, None], place - place[:, :1] * [1.0, 0.0, 1.0])
        features[posed, ric] = local[:, 1:].reshape(len(posed), 3 * (JOINTS - 1))
        features[posed, root.start + 3] = place[:, 0, 1]
        known[posed, ric] = known[posed, root.start + 3] = True
    placed = targets.joints[:, 0] & (known[:, root.start + 3] | whole) | (targets.ground & targets.facing)
    return Observed((features - mean) / std, known, targets.positions[:, 0, ::2].astype(np.float64), yaw, placed)


def window(observed: Observed, start: int, stop: int, length: int) -> tuple[NDArray[np.float32], Mask]:
    """Values and mask [length, D + 4] of frames start <= t < stop, padded with what is not known.

    Places are as seen from the first of these frames; where its own is not known, none is.
    """
    cut = slice(start, stop)
    placed = observed.placed[cut] & observed.placed[start]
    away = observed.ground[cut] - observed.ground[start]
    turn = observed.yaw[cut] - observed.yaw[start]
    seen = world.turned(-observed.yaw[start : start + 1], np.insert(away, 1, 0.0, axis=1)) / METRES
    path = np.stack([seen[:, 0], seen[:, 2], -np.sin(turn), np.cos(turn)], axis=-1)
    mask = np.concatenate([observed.known[cut], np.repeat(placed[:, None], PLACE, axis=1)], axis=1)
    values = np.where(mask, np.concatenate([observed.values[cut], path], axis=1), 0.0)
    missing = ((0, length - len(mask)), (0, 0))
    return np.pad(values, missing).astype(np.float32), np.pad(mask, missing)
