"""Somebody who stands still: what a model that continues a motion is given where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.features.layout import Layout

Numbers = NDArray[np.floating[Any]]


def standing(frames: int, layout: Layout, mean: Numbers, std: Numbers) -> NDArray[np.float32]:
    """Normalised features [frames, D] of the dataset's mean pose without any movement, feet on the ground."""
    pose = np.array(mean, dtype=np.float64)
    pose[layout.slice("root")][:3] = 0.0
    for group, value in (("velocity", 0.0), ("contact", 1.0)):
        if group in layout.groups:
            pose[layout.slice(group)] = value
    return np.broadcast_to((pose - mean) / std, (frames, len(pose))).astype(np.float32)
