"""Frames whose pose stays: where the animator has keys of her own. Reads F-curves, changes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..keys import curves, read

EDITS = "mdm_edits"
"""Custom property of an action: JSON of every edit that it has seen, [{"frames": [first, last], "bones": [...]}]."""


def animators_keys(armature: Any, bones: Collection[str], first: int, last: int) -> list[int]:
    """Whole frames in first..last at which a bone has a key that is not GENERATED."""
    found: set[int] = set()
    for _, own, _ in _keyed(armature, bones):
        frames = np.rint(own).astype(int)
        found.update(frames[(frames >= first) & (frames <= last)].tolist())
    return sorted(found)


def own_poses(armature: Any, bones: Collection[str], first: int, last: int) -> list[int]:
    """Of `animators_keys` those that were set into what we made: in the range of an earlier edit of the bone, or
    between two GENERATED keys of a motion that was generated as a whole."""
    action = armature.animation_data.action
    edits = json.loads(action.get(EDITS, "[]"))
    whole = "mdm_generation" in action and not edits
    found: set[int] = set()
    for bone, own, generated in _keyed(armature, bones):
        kept = np.zeros(len(own), dtype=bool)
        for edit in edits:
            if bone in edit["bones"]:
                kept |= (own >= edit["frames"][0] - 0.5) & (own <= edit["frames"][1] + 0.5)
        if whole and len(generated):
            kept |= (own > generated.min()) & (own < generated.max())
        frames = np.rint(own[kept]).astype(int)
        found.update(frames[(frames >= first) & (frames <= last)].tolist())
    return sorted(found)


def _keyed(armature: Any, bones: Collection[str]) -> Iterator[tuple[str, NDArray[np.floating], NDArray[np.floating]]]:
    """(bone, frames of its animator's keys, frames of GENERATED ones) of every curve that moves or turns a bone."""
    generated = curves.enum("type", "GENERATED")
    for channels in read.animated(armature):
        if channels.bone not in bones or not channels.property.startswith(("location", "rotation")):
            continue
        for curve in channels.curves.values():
            keys = curves.read(curve)
            ours = keys.attributes["type"] == generated
            yield channels.bone, keys.frames[~ours], keys.frames[ours]
