"""A relaxed hand: fingers a little curled towards the palm, where a rig's rest pose has them straight."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import LEFT
from mdm_core.rotations import from_axis_angle, inverse, multiply, normalize, rotate

from ..rig import RigMap, RigSnapshot
from .posing import rotation_of
from .rest import RigRest

Array = NDArray[np.floating]

CURL = 14.0
"""Degrees a joint; the little finger half as much again, the thumb half."""

COUNTED = re.compile(r"finger(\d)")
"""Rigs that count their fingers begin with the thumb, some at 0 and some at 1."""

THUMBS, LITTLE = ("thumb", "親指"), ("pinky", "little", "小指")
FEWEST, SPREAD = 3, 20.0
"""Fingers of a hand of which one can be told to be the thumb: the one that points this many degrees aside."""


def relaxed_fingers(rig: RigSnapshot, rig_map: RigMap, rest: RigRest) -> dict[str, Array]:
    """Finger bone -> constant local rotation [1, 4]; none for a hand whose elbow is not mapped."""
    rotations: dict[str, Array] = {}
    hands: dict[str, list[tuple[str, ...]]] = {"left": [], "right": []}
    for finger in rig_map.fingers:
        side = _side(rig, rig_map, finger[0])
        if side is not None and f"{side}_elbow" in rest.limbs:
            hands[side].append(finger)
    for side, fingers in hands.items():
        if not fingers:
            continue
        # In the T-pose the left elbow's hinge points out of the palm, the right one's into the back of the hand.
        palm = rotate(rest.limbs[f"{side}_elbow"], LEFT) * (1.0 if side == "left" else -1.0)
        palm = rotate(rest.axes, palm)
        for finger, share in zip(fingers, _shares(rig, fingers), strict=True):
            for name, way in zip(finger, _ways(rig, finger), strict=True):
                turn = from_axis_angle(normalize(np.cross(way, palm)), np.radians(CURL * share))
                own = rotation_of(rig.bones[name].rest)
                rotations[name] = multiply(multiply(inverse(own), turn), own)[None]
    return rotations


def _ways(rig: RigSnapshot, finger: Sequence[str]) -> list[Array]:
    """Where each of a finger's bones leads, [3]: to the next one's head, as importers point tails anywhere."""
    heads = [rig.bones[name].head for name in finger]
    if len(heads) == 1:
        return [rig.bones[finger[0]].tail - heads[0]]
    ways = [b - a for a, b in itertools.pairwise(heads)]
    return [*ways, ways[-1]]


def _side(rig: RigSnapshot, rig_map: RigMap, finger: str) -> str | None:
    """The side whose wrist is nearer at rest: finger controls do not always hang from the hand control."""
    wrists = {
        side: float(np.linalg.norm(rig.bones[rig_map.bones[f"{side}_wrist"]].head - rig.bones[finger].head))
        for side in ("left", "right")
        if f"{side}_wrist" in rig_map.bones
    }
    return min(wrists, key=wrists.__getitem__, default=None)


def _shares(rig: RigSnapshot, fingers: Sequence[Sequence[str]]) -> list[float]:
    """How much of the curl each finger of a hand takes, as their names tell, else as they lie."""
    names = [finger[0].casefold() for finger in fingers]
    numbers = [found.group(1) for name in names if (found := COUNTED.search(name))]
    if numbers or any(word in name for name in names for word in (*THUMBS, *LITTLE)):
        return [_share(name, min(numbers, default="0")) for name in names]
    shares = [1.0] * len(fingers)
    if len(fingers) < FEWEST:
        return shares
    roots = np.array([rig.bones[finger[0]].head for finger in fingers])
    ways = normalize(np.array([rig.bones[finger[-1]].head - rig.bones[finger[0]].head for finger in fingers]))
    cosines = ways @ normalize(np.median(ways, axis=0))
    thumb = int(np.argmin(cosines))
    if cosines[thumb] < np.cos(np.radians(SPREAD)):
        shares[thumb] = 0.5
        little = int(np.argmax(np.linalg.norm(roots - roots[thumb], axis=1)))
        shares[little] = 1.5 if len(fingers) > FEWEST else 1.0
    return shares


def _share(name: str, first: str) -> float:
    """How much of the curl a finger takes. first: the number that the rig gives its thumb, where it counts fingers."""
    counted = COUNTED.search(name)
    number = int(counted.group(1)) - int(first) if counted else -1
    if number == 0 or any(word in name for word in THUMBS):
        return 0.5
    return 1.5 if number == 4 or any(word in name for word in LITTLE) else 1.0
