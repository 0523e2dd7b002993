"""From a model's motion to one that can be used: steady bones, quiet joints, feet that stay on the ground."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import bones, contacts, footlock, knees, path, smoothing
from mdm_core.motion import Motion
from mdm_core.skeleton import BONE_LENGTHS


def clean(motion: Motion, scores: NDArray[np.floating[Any]] | None = None) -> Motion:
    """The motion smoothed lightly, on the ground and on `skeleton.BONE_LENGTHS`, with feet locked where they stand.

    scores: the model's contact channels [T, 4], continuous; by default `motion.contacts`, and without those the
    contacts are found from the movement. The result's contacts are the stances that were locked; its features stay
    those of the model.
    """
    positions, fps = motion.positions.astype(np.float64), motion.fps
    if scores is None and motion.contacts is not None:
        scores = motion.contacts.astype(np.float64)
    stances = contacts.detect(positions, fps) if scores is None else contacts.plateaus(scores, positions, fps)
    smoothed = smoothing.smooth(positions, stances, fps)
    steady = bones.constant(smoothed, fps, BONE_LENGTHS)
    agreed = path.with_feet(path.on_ground(steady, stances), stances, fps)
    locked = footlock.lock(agreed, stances, fps, BONE_LENGTHS)
    quiet = knees.quiet(locked, stances, fps, BONE_LENGTHS)
    return replace(motion, positions=quiet.astype(np.float32), contacts=stances)
