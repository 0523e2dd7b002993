"""Features of the mirrored motion straight from the features: columns exchanged and signs turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import JOINTS, MIRROR

from .layout import GROUPS, WIDTH, Layout


@dataclass(frozen=True)
class ColumnMirror:
    """mirrored = features[..., source] * sign, for the columns of one layout. source: int [D]; sign: float32 [D]."""

    source: NDArray[np.intp]
    sign: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """features: [..., D], denormalised."""
        return features[..., self.source] * self.sign


def column_mirror(layout: Layout) -> ColumnMirror:
    """The mirror image x -> -x in the columns of `layout`; both sides' columns must be in it, as they always are.

    A rotation R becomes M R M with M = diag(-1, 1, 1), which turns the signs of its first two columns as
    (+, -, -) and (-, +, +). HumanML3D's raw offsets are mirror images themselves, so swings mirror alike.
    """
    source, sign = np.arange(WIDTH), np.ones(WIDTH, dtype=np.float32)
    sign[[0, 1]] = -1  # yaw rate and sideways velocity
    blocks = (("ric", 1, (-1, 1, 1)), ("rot6d", 1, (1, -1, -1, -1, 1, 1)), ("velocity", 0, (-1, 1, 1)))
    for group, first, signs in blocks:
        width = len(signs)
        for joint in range(first, JOINTS):
            here = GROUPS[group].start + width * (joint - first)
            there = GROUPS[group].start + width * (MIRROR[joint] - first)
            source[here : here + width] = np.arange(there, there + width)
            sign[here : here + width] = signs
    start = GROUPS["contact"].start
    source[start : start + 4] = [start + 2, start + 3, start, start + 1]
    place = {int(column): index for index, column in enumerate(layout.columns)}
    return ColumnMirror(np.array([place[int(source[c])] for c in layout.columns]), sign[layout.columns])
