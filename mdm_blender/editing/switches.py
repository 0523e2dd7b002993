"""Whether the limbs that are to change play their FK controls, which are what an edit reads and writes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from mdm_core.errors import MotionError

from ..keys import read
from ..rig import RigMap, RigSnapshot

LIMBS = {"left_shoulder": "left_arm", "right_shoulder": "right_arm", "left_hip": "left_leg", "right_hip": "right_leg"}


def check_fk(armature: Any, snapshot: RigSnapshot, rig_map: RigMap, parts: Collection[str]) -> None:
    """MotionError where a limb of the parts (all if empty) is switched to IK anywhere in its action."""
    found = {(it.bone, it.property): it.curves for it in read.animated(armature)}
    for switch in rig_map.switches:
        limb = _limb(snapshot, rig_map, switch.bone)
        if limb is None or (parts and limb not in parts):
            continue
        keyed = found.get((switch.bone, f'["{switch.property}"]'), {}).get(0)
        if keyed is None or not len(keyed.keyframe_points):
            values = [float(armature.pose.bones[switch.bone].get(switch.property, switch.value))]
        else:
            values = [float(point.co[1]) for point in keyed.keyframe_points]
        if max(abs(value - switch.value) for value in values) > 1e-3:
            raise MotionError(
                f"The {limb.replace('_', ' ')} is animated in IK (“{switch.property}” of “{switch.bone}”): bring it to "
                "FK first, or leave it out."
            )


def _limb(snapshot: RigSnapshot, rig_map: RigMap, bone: str) -> str | None:
    """The limb whose beginning lies nearest to the head of the bone that holds the switch."""
    starts = {joint: rig_map.bones[joint] for joint in LIMBS if joint in rig_map.bones}
    if bone not in snapshot.bones or not starts:
        return None
    head = snapshot.bones[bone].head
    return LIMBS[min(starts, key=lambda joint: float(np.linalg.norm(snapshot.bones[starts[joint]].head - head)))]
