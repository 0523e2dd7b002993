"""What a model that was trained for editing is shown of a motion: known numbers, where they are, and the path.

After CondMDI (Cohan et al. 2024): beside the noisy motion the network sees which of its numbers are known. HumanML3D's
root is stored as velocities, so a known frame after a gap says nothing of where in the world it stands; four columns
more say that of the root, where it is known: GMD's and CondMDI's absolute root, as an input alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .humanml3d import recover_root
from .layout import GROUPS, Layout

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

PLACE = 4
"""Columns of the path: x and z in units of `METRES`, sine and cosine of the heading, as seen from frame 0."""
METRES = 2.0


def width(layout: Layout) -> int:
    """Columns that can be observed: the model's features, then the path."""
    return layout.width + PLACE


def path(features: Numbers) -> Numbers:
    """Where the root is, [..., T, 4], of denormalised features [..., T, D]; at frame 0 it is (0, 0, 0, 1)."""
    turn, root = recover_root(features[..., GROUPS["root"]])
    w, y = turn[..., 0], turn[..., 2]
    return np.stack([root[..., 0] / METRES, root[..., 2] / METRES, 2 * w * y, w * w - y * y], axis=-1)


def observe(
    features: Numbers, mean: Numbers, std: Numbers, known: Mask, placed: Mask
) -> tuple[NDArray[np.float32], Mask]:
    """Values and mask [..., T, D + 4] as `Conditioning.observed` and `observed_mask`; values are 0 where unknown.

    features: [..., T, D] denormalised; known: [..., T, D]; placed: [..., T], the frames whose place is known as seen
    from frame 0.
    """
    mask = np.concatenate([known, np.repeat(placed[..., None], PLACE, axis=-1)], axis=-1)
    values = np.concatenate([(features - mean) / std, path(features)], axis=-1)
    return np.where(mask, values, 0).astype(np.float32), mask
