"""Writing a change instead of a pose: the original pose plus what the edit did to its round trip (DESIGN §4).

A rig read back onto the model's skeleton and put on the rig again is not quite the rig. The difference between
two such round trips, before and after an edit, is; it is laid on the original.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import inverse, multiply, normalize

from .tracks import PoseSamples, PoseTracks

Array = NDArray[np.floating]

UNCHANGED = 1e-9
"""Below this A and B are the same: sums over other frames round differently."""


def delta(original: PoseSamples, before: PoseTracks, after: PoseTracks) -> PoseTracks:
    """The tracks of `after` as changes of the original: O · A⁻¹ · B for rotations, O + (B - A) for places.

    before: the round trip of the original (`to_rig` of `from_rig`), after: that of the edited motion, both with the
    same options; tracks that only one of them has are left out. Frames of a bone at which A equals B keep the
    original's very numbers; a bone without a sample has rested (identity, zero).
    """
    rotations = {
        bone: turned(original.rotations.get(bone, np.eye(4)[:1]), before.rotations[bone], rotation)
        for bone, rotation in after.rotations.items()
        if bone in before.rotations
    }
    locations = {
        bone: moved(original.locations.get(bone, np.zeros((1, 3))), before.locations[bone], location)
        for bone, location in after.locations.items()
        if bone in before.locations
    }
    place, heading = original.object_location, original.object_rotation
    if after.object_location is not None and before.object_location is not None and place is not None:
        place = moved(place, before.object_location, after.object_location)
    if after.object_rotation is not None and before.object_rotation is not None and heading is not None:
        heading = turned(heading, before.object_rotation, after.object_rotation)
    return PoseTracks(rotations, locations, after.switches, after.problems, place, heading)


def turned(original: Array, before: Array, after: Array) -> Array:
    """O · A⁻¹ · B of quaternions [T, 4] (or [1, 4]), O itself where A equals B.

    From the first changed frame on, each is of the sign nearest to the frame before, so that no curve jumps.
    """
    original, before, after = np.broadcast_arrays(original, before, after)
    apart = np.minimum(np.abs(after - before).max(axis=-1), np.abs(after + before).max(axis=-1))
    same = (apart < UNCHANGED)[..., None]
    changed = multiply(normalize(original), multiply(inverse(before), after))
    near = np.sum(changed * original, axis=-1, keepdims=True) < 0
    result = np.where(same, original, np.where(near, -changed, changed))
    return result if same.all() else np.where(same, result, continuous_from(result, same[..., 0]))


def continuous_from(rotations: Array, fixed: NDArray[np.bool_]) -> Array:
    """Signs of the free frames of [T, 4] made nearest to the frame before, fixed ones [T] as they are."""
    flips = np.concatenate([[1.0], np.where(np.sum(rotations[1:] * rotations[:-1], axis=-1) < 0, -1.0, 1.0)])
    signs = np.cumprod(flips)
    last = np.maximum.accumulate(np.where(fixed, np.arange(len(fixed)), 0))
    return np.where(fixed[:, None], rotations, rotations * (signs * signs[last])[:, None])


def moved(original: Array, before: Array, after: Array) -> Array:
    """O + (B - A) of places [T, 3] (or [1, 3]), O itself where A equals B."""
    original, before, after = np.broadcast_arrays(original, before, after)
    change = after - before
    still = np.abs(change).max(axis=-1, keepdims=True) < UNCHANGED * max(1.0, float(np.abs(before).max(initial=0.0)))
    return np.where(still, original, original + change)
