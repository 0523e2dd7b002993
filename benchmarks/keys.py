"""How fast keys are written to a Rigify human, and how few baking leaves: `python -m benchmarks.keys [FILE.npz ...]`.

Without files it times the writing alone; with motions (`mdm generate ... --out FILE.npz`) it also bakes each. Needs
bpy. CPU seconds of this process, so that a busy machine does not show.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from mdm_blender import keys, retarget, rig
from mdm_blender.apply import CONTACTS, ApplyOptions, apply_motion
from mdm_blender.keys.bake import bake
from mdm_blender.keys.metric import distance
from mdm_blender.keys.planted import Planted, standing_at
from mdm_blender.keys.read import animated, sample
from mdm_blender.keys.stretch import Tolerance
from mdm_blender.retarget.ik_controls import with_ik
from mdm_core.io import npz
from mdm_core.motion import Motion
from mdm_core.rotations import normalize
from tests.retarget import oracle

FRAMES, REPEATS, PARTS = 196, 7, 8


def rigify_human() -> Any:
    """Rigify's generated human, alone in a new file."""
    import addon_utils

    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    bpy.ops.pose.rigify_generate()
    return bpy.data.objects["rig"]


def least(function: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Milliseconds of the quickest of several runs; before: done before each, and not counted."""
    times: list[float] = []
    for _ in range(REPEATS):
        before()
        start = time.process_time()
        function()
        times.append(1000 * (time.process_time() - start))
    return min(times)


def writing(armature: Any) -> None:
    updates = [0]
    bpy.app.handlers.depsgraph_update_post.append(lambda *_: updates.__setitem__(0, updates[0] + 1))
    snapshot, rig_map = rig.read(armature), rig.detect(armature)
    positions, frames = oracle.walk(FRAMES).positions, np.arange(1.0, FRAMES + 1)
    fk = replace(retarget.to_rig(snapshot, rig_map, positions, relax_hands=True), problems=())
    both = with_ik(snapshot, rig_map, fk)
    print(f"{len(armature.data.bones)} bones, {FRAMES} frames; milliseconds, the quickest of {REPEATS}")
    for name, tracks in (("FK", fk), ("FK and IK", both)):
        count = sum(4 for _ in tracks.rotations) + sum(3 for _ in tracks.locations)
        # Every other time other values: what is there already need not be set.
        turned = {bone: normalize(0.9 * it + [0.1, 0.0, 0.0, 0.0]) for bone, it in tracks.rotations.items()}
        versions = itertools.cycle([tracks, replace(tracks, rotations=turned)])

        def write(destination: Any, later: float = 0.0, versions: Iterator[Any] = versions) -> None:
            it = next(versions)
            keys.write(armature, it, frames + later, action_name="x", properties={}, destination=destination)

        def around(write: Callable[..., None] = write) -> None:
            armature.animation_data_clear()
            for later in (-2.0 * FRAMES, 2.0 * FRAMES):
                write("current_action", later)

        into = partial(write, "current_action")
        for destination in ("new_action", "current_action", "nla"):
            write(destination)
            print(f"  {name:10} {destination:15} about {count} curves: {least(partial(write, destination)):5.1f} ms")
            armature.animation_data_clear()
        print(f"  {name:10} put between as many before and after: {least(into, around):5.1f} ms")
        print(f"  {name:10} in place of as many there: {least(into):5.1f} ms", flush=True)
        armature.animation_data_clear()
    print(f"  matching IK controls: {least(lambda: with_ik(snapshot, rig_map, fk)):.1f} ms")
    print(f"  depsgraph updates meanwhile: {updates[0]}")
    bpy.app.handlers.depsgraph_update_post.clear()


def baking(armature: Any, motion: Motion, fps: int) -> None:
    """Prints keys left of dense ones, how many of them are corners, and the errors, read through Blender's F-curves.

    Errors are the largest of all bones: at the frames, and after the slash PARTS times to a frame.
    """
    bpy.context.scene.render.fps = fps
    options = ApplyOptions(relax_hands=False)
    action = apply_motion(armature, motion, frame_start=1, action_name="x", options=options)
    times = np.arange(1.0, action.frame_range[1] + 1e-6, 1 / PARTS)
    bones = sorted({it.bone for it in animated(armature)} & set(armature.pose.bones.keys()))
    contacts = str(action.get(CONTACTS, "[]"))
    planted = Planted(rig.read(armature), rig.detect(armature), standing_at(times, json.loads(contacts)), 1.0)
    dense = sample(armature, times, bones)
    start = time.process_time()
    counts = bake(armature, action, Tolerance(), contacts)
    seconds = time.process_time() - start
    now = sample(armature, times, bones)
    turned = np.max([distance(now.rotations[b], dense.rotations[b], True) for b in bones], axis=0)
    moved = np.max([distance(now.locations[b], dense.locations[b], False) for b in bones], axis=0)
    off = np.max(list(planted.errors(planted.places(dense), planted.places(now)).values()), axis=0)
    errors = ((turned, 1, "°"), (moved, 1000, " mm"), (off, 1000, " mm feet"))
    worst = [f"{k * e[::PARTS].max():.2f} / {k * e.max():.2f}{unit}" for e, k, unit in errors]
    share = f"{100 * counts.after / counts.before:4.1f} %, corners {100 * corners(armature):.0f} %"
    print(f"  {motion.prompt[:40]:40} {fps} fps {share}, {', '.join(worst)}, {seconds:.1f} s", flush=True)


def corners(armature: Any) -> float:
    """The share of keys whose handles are not aligned, but for each curve's first and last."""
    curves = [curve for channels in animated(armature) for curve in channels.curves.values()]
    inner = [point for curve in curves for point in list(curve.keyframe_points)[1:-1]]
    return sum(point.handle_left_type != "ALIGNED" for point in inner) / max(len(inner), 1)


def main(files: list[str]) -> None:
    armature = rigify_human()
    writing(armature)
    if files:
        print("Keys left at 0.5° and 2 mm, and the largest errors, at frames / between them too; CPU time")
    for file in files:
        for motion in npz.read(Path(file)):
            for fps in (24, 30):
                baking(armature, motion, fps)


if __name__ == "__main__":
    main(sys.argv[1:])
