"""A relaxed hand: fingers a little curled towards the palm, where a rig's rest pose has them straight."""

from __future__ import annotations

import re

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


def relaxed_fingers(rig: RigSnapshot, rig_map: RigMap, rest: RigRest) -> dict[str, Array]:
    """Finger bone -> constant local rotation [1, 4]; none for a hand whose elbow is not mapped."""
    rotations: dict[str, Array] = {}
    numbers = [found.group(1) for fingers in rig_map.fingers if (found := COUNTED.search(fingers[0].casefold()))]
    first = min(numbers, default="0")
    for fingers in rig_map.fingers:
        side = _side(rig, rig_map, fingers[0])
        if side is None or f"{side}_elbow" not in rest.limbs:
            continue
        # In the T-pose the left elbow's hinge points out of the palm, the right one's into the back of the hand.
        palm = rotate(rest.limbs[f"{side}_elbow"], LEFT) * (1.0 if side == "left" else -1.0)
        palm = rotate(rest.axes, palm)
        share = _share(fingers[0], first)
        for name in fingers:
            bone = rig.bones[name]
            axis = normalize(np.cross(bone.tail - bone.head, palm))
            turn = from_axis_angle(axis, np.radians(CURL * share))
            own = rotation_of(bone.rest)
            rotations[name] = multiply(multiply(inverse(own), turn), own)[None]
    return rotations


def _side(rig: RigSnapshot, rig_map: RigMap, finger: str) -> str | None:
    """The side whose wrist is nearer at rest: finger controls do not always hang from the hand control."""
    wrists = {
        side: float(np.linalg.norm(rig.bones[rig_map.bones[f"{side}_wrist"]].head - rig.bones[finger].head))
        for side in ("left", "right")
        if f"{side}_wrist" in rig_map.bones
    }
    return min(wrists, key=wrists.__getitem__, default=None)


def _share(name: str, first: str) -> float:
    """How much of the curl a finger takes. first: the number that the rig gives its thumb, where it counts fingers."""
    low = name.casefold()
    counted = COUNTED.search(low)
    number = int(counted.group(1)) - int(first) if counted else -1
    if number == 0 or any(word in low for word in ("thumb", "親指")):
        return 0.5
    return 1.5 if number == 4 or any(word in low for word in ("pinky", "little", "小指")) else 1.0
