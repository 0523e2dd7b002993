"""What in-betweens cost whose poses lie close together: `python -m benchmarks.seams [GAP ...]`.

A Mixamo-named rig with a random pose at every eighth frame, every bone turned by about 14° a component and the hips
moved; of 80 frames every GAP-th (8, 6, 4, 3) stays. CPU seconds of this process, so that a busy machine does not show,
and the roughest change of velocity at a pose that stays, of the clip's 99th percentile, as Blender evaluates it. Needs
bpy.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import bpy
import numpy as np

from mdm_blender import api, process
from tests.blender.addon.scene import mixamo
from tests.blender.seen import jolts, places, usual_jolt

FIRST, LAST, KEYED = 9, 89, range(1, 98, 8)
STEPS = 4
"""Of denoising: it is not the model that is looked at."""


def posed(seed: int) -> Any:
    """The rig, alone in a new file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    armature, random = mixamo(), np.random.default_rng(seed)
    joints = api.detect(armature).bones
    for frame in KEYED:
        for joint, bone in joints.items():
            it = armature.pose.bones[bone]
            it.rotation_mode = "XYZ"
            it.rotation_euler = 0.25 * random.normal(size=3)
            it.keyframe_insert("rotation_euler", frame=frame)
            if joint == "pelvis":
                it.location = 0.1 * random.normal(size=3)
                it.keyframe_insert("location", frame=frame)
    return armature


def main(arguments: list[str]) -> None:
    print("| a pose stays every | CPU s an in-between | roughest change of velocity there |\n|---|---|---|")
    for gap in [int(it) for it in arguments] or [8, 6, 4, 3]:
        armature = posed(0)
        bones = list(api.detect(armature).bones.values())
        usual = usual_jolt(places(armature, bones, range(KEYED[0], KEYED[-1] + 1)))
        marks = tuple(range(FIRST, LAST + 1, gap))
        start = time.process_time()
        api.inbetween(armature, frames=(FIRST, LAST), keys=marks, seed=2, steps=STEPS)
        seconds = time.process_time() - start
        # [i] is the jolt at frame FIRST + i
        found = np.array([jolts(it) for it in places(armature, bones, range(FIRST - 1, LAST + 2)).values()])
        at = sorted({mark + k - FIRST for mark in marks for k in (-1, 0, 1) if 0 <= mark + k - FIRST <= LAST - FIRST})
        print(f"| {gap} frames | {seconds:.1f} | {found[:, at].max() / usual:.2f} |", flush=True)
    process.close()


if __name__ == "__main__":
    main(sys.argv[1:])
