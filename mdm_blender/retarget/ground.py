"""Height over the ground: how far the rig's feet must sink or rise so that they stand where the source's feet stand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import smooth

from .contacts import ANKLES, BALLS, Contacts

Array = NDArray[np.floating]

SETTLE = 0.25
"""Seconds over which the correction of standing frames reaches into the others."""
FAINT = 1e-3
"""Weight of a frame on which no foot stands."""


def lift(
    heights: Mapping[str, Array],
    rest: Mapping[str, float],
    positions: Array,
    contacts: Contacts,
    scale: float,
    fps: float,
) -> Array:
    """What to add to the rig's height [T] at every frame.

    heights: "left_ankle", "left_foot", ... -> height [T] of that joint on the rig above its floor, and rest the
    same standing; positions: the source [T, 22, 3]; scale: rig units a source metre. A foot joint that rests on
    the ground in the source shall be as high above its standing height as the source's is, scaled. The residual
    comes from other proportions and is small and slow; so is what is returned.
    """
    joints = (
        ("left_ankle", contacts.ankle[:, 0], positions[:, ANKLES[0], 1] - contacts.heights.ankle[0]),
        ("right_ankle", contacts.ankle[:, 1], positions[:, ANKLES[1], 1] - contacts.heights.ankle[1]),
        ("left_foot", contacts.ball[:, 0], positions[:, BALLS[0], 1] - contacts.heights.ball[0]),
        ("right_foot", contacts.ball[:, 1], positions[:, BALLS[1], 1] - contacts.heights.ball[1]),
    )
    total, weights = np.zeros(len(positions)), np.zeros(len(positions))
    for joint, contact, wanted in joints:
        if joint in heights:
            weight = contact + FAINT
            total += weight * (heights[joint] - rest[joint] - scale * wanted)
            weights += weight
    if not weights.any():
        return total
    parts = smooth(np.stack([total, weights], axis=-1), SETTLE * fps)
    return -parts[:, 0] / parts[:, 1]
