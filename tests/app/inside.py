"""Runs inside the Blender application (`blender --python inside.py -- CONFIG.json`): uses the add-on as a person does.

Drives itself with a timer, so that the window lives on between two steps; writes what it saw as JSON to the
configured file and quits. What is right about it is judged by `test_application.py`.
"""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy
from mathutils import Euler, Vector

CONFIG: dict[str, Any] = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())
ADDON = "bl_ext.user_default.mdm_blender"
SEEN: dict[str, Any] = {}
LIMIT_SECONDS = float(CONFIG.get("limit", 240.0))

bpy.context.preferences.view.show_splash = False


class Watch:
    """How long the window's thread was not available, and how much of that was the add-on's own code."""

    def __init__(self, jobs: Any) -> None:
        self.gaps: list[float] = []
        self.ticks: list[float] = []
        self.last_ticks: list[float] = []
        self._jobs, self._tick, self._last = jobs, jobs.controller.tick, time.perf_counter()
        jobs.controller.tick = self.timed_tick
        bpy.app.timers.register(self.beat, first_interval=0.0)

    def timed_tick(self) -> float | None:
        start = time.perf_counter()
        again = self._tick()
        # the tick that ends the job writes the keys too
        (self.ticks if self._jobs.controller.busy else self.last_ticks).append(time.perf_counter() - start)
        return again

    def beat(self) -> float:
        now = time.perf_counter()
        if self._jobs.controller.busy:
            self.gaps.append(now - self._last)
        self._last = now
        return 0.01


def view() -> dict[str, Any]:
    """The context of the largest 3D View, as if the mouse were over it."""
    window = bpy.context.window_manager.windows[0]
    area = max((it for it in window.screen.areas if it.type == "VIEW_3D"), key=lambda it: it.width * it.height)
    return {"window": window, "area": area, "region": next(it for it in area.regions if it.type == "WINDOW")}


def show_tab() -> Generator[float, None, None]:
    """The sidebar has tabs only after it was drawn once."""
    area = view()["area"]
    area.spaces.active.show_region_ui = True
    yield 1.0
    next(it for it in area.regions if it.type == "UI").active_panel_category = "MDM"
    yield 1.0


def rigify_human() -> Any:
    """The rig that Rigify generates from its human metarig, alone in the scene."""
    bpy.ops.preferences.addon_enable(module="rigify")
    with bpy.context.temp_override(**view()):
        for it in list(bpy.data.objects):
            bpy.data.objects.remove(it)
        bpy.ops.object.armature_human_metarig_add()
        metarig = bpy.context.object
        bpy.ops.pose.rigify_generate()
        bpy.data.objects.remove(metarig)
    return bpy.context.view_layer.objects.active


def screenshot(name: str) -> None:
    """Of the virtual screen, by ImageMagick; Blender's own screenshot is black there."""
    subprocess.Popen(["import", "-window", "root", str(Path(CONFIG["folder"]) / name)])


def operator(name: str, **options: Any) -> list[str]:
    with bpy.context.temp_override(**view()):
        return sorted(getattr(bpy.ops.mdm, name)("INVOKE_DEFAULT", **options))


def key_frames(action: Any) -> list[float]:
    curves = [c for layer in action.layers for strip in layer.strips for bag in strip.channelbags for c in bag.fcurves]
    frames = [key.co[0] for curve in curves for key in curve.keyframe_points]
    return [min(frames), max(frames)]


def scenario() -> Generator[float, None, None]:
    """Yields the seconds to wait: the window draws and reacts meanwhile."""
    jobs = importlib.import_module(ADDON + ".jobs")
    process = importlib.import_module(ADDON + ".process")
    if CONFIG["worker"]:
        process.command = lambda _python="": CONFIG["worker"]
    controller = jobs.controller
    rig = rigify_human()
    scene = bpy.context.scene
    scene.render.fps, scene.frame_current = 30, 10
    bpy.ops.ed.undo_push(message="set up")
    uid = rig.session_uid
    yield from show_tab()

    watch = Watch(jobs)
    settings = scene.mdm
    settings.prompt, settings.seconds, settings.takes = CONFIG["prompt"], CONFIG["seconds"], 2
    start = time.perf_counter()
    SEEN["started"] = operator("generate")
    SEEN["start_seconds"] = time.perf_counter() - start
    stages, shot = set(), False
    while controller.busy:
        generation = controller.generation
        stages.add((generation.stage, generation.step))
        if generation.fraction > 0.4 and not shot:
            shot = True
            screenshot("during.png")
        yield 0.05
    SEEN["job_seconds"] = time.perf_counter() - start
    SEEN["steps_seen"] = len(stages)
    SEEN["failure"] = controller.failure and controller.failure.message
    SEEN["max_tick_seconds"], SEEN["max_gap_seconds"] = max(watch.ticks), max(watch.gaps)
    SEEN["apply_seconds"] = max(watch.last_ticks)
    SEEN["worker"] = process.command()[0]
    SEEN["pid"] = process.connect().pid
    rig = next(it for it in bpy.data.objects if it.session_uid == uid)
    SEEN["actions"] = [action.name for action in bpy.data.actions]
    SEEN["assigned"] = rig.animation_data.action.name
    SEEN["key_frames"] = key_frames(rig.animation_data.action)
    SEEN["scene"] = [scene.render.fps, scene.frame_start, scene.frame_end, scene.frame_current]
    yield 1.0
    scene.frame_set(40)
    yield 1.0
    screenshot("after.png")
    yield 1.0

    with bpy.context.temp_override(**view()):
        bpy.ops.ed.undo()
    yield 0.5
    rig = next(it for it in bpy.data.objects if it.session_uid == uid)
    SEEN["after_undo"] = [len(bpy.data.actions), bool(rig.animation_data and rig.animation_data.action)]
    with bpy.context.temp_override(**view()):
        bpy.ops.ed.redo()
    yield 0.5
    rig = next(it for it in bpy.data.objects if it.session_uid == uid)
    SEEN["after_redo"] = [len(bpy.data.actions), rig.animation_data.action.name]

    operator("generate", prompt=CONFIG["long prompt"], takes=8)
    while controller.busy and controller.generation.step < 2:
        yield 0.02
    SEEN["step_at_cancel"] = controller.generation.step if controller.generation else -1
    operator("cancel")
    SEEN["busy_after_cancel"] = controller.busy
    start = time.perf_counter()
    operator("generate", prompt=CONFIG["prompt"], seconds=1.0, takes=1)
    while controller.busy and controller.generation.step < 1:
        yield 0.01
    SEEN["first_step_after_cancel_seconds"] = time.perf_counter() - start
    while controller.busy:
        yield 0.05
    SEEN["actions_after_cancel"] = len(bpy.data.actions)

    try:
        operator("generate", prompt=" ")
        while controller.busy:
            yield 0.05
    except RuntimeError:
        pass
    SEEN["empty_prompt"] = controller.failure and controller.failure.message
    yield 0.5
    screenshot("failure.png")
    yield 1.0
    SEEN["done"] = True


def portrait() -> Generator[float, None, None]:
    """The pictures of the documentation: the panel while it generates and afterwards, with a body on the rig."""
    jobs = importlib.import_module(ADDON + ".jobs")
    rig_module = importlib.import_module(ADDON + ".rig")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    mannequin = importlib.import_module("demo.mannequin")
    rig = rigify_human()
    mannequin.add(rig, rig_module.detect(rig).bones)
    scene = bpy.context.scene
    scene.mdm.prompt, scene.mdm.seconds, scene.mdm.use_random_seed = CONFIG["prompt"], CONFIG["seconds"], False
    scene.mdm.takes, scene.mdm.seed, scene.frame_end = 2, CONFIG["seed"], int(CONFIG["seconds"] * scene.render.fps)
    bpy.context.window_manager.windows[0].workspace = bpy.data.workspaces["Animation"]
    yield 1.0
    look_at(rig.matrix_world @ rig.pose.bones["torso"].head)
    yield from show_tab()
    with bpy.context.temp_override(**view()):
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.select_all(action="SELECT")
    operator("generate")
    while jobs.controller.busy and jobs.controller.generation.fraction < 0.5:
        yield 0.05
    screenshot("during.png")
    while jobs.controller.busy:
        yield 0.05
    scene.frame_set(CONFIG["frame"])
    look_at(rig.matrix_world @ rig.pose.bones["torso"].head)
    yield 3.0
    screenshot("after.png")
    yield 2.0
    SEEN["failure"] = jobs.controller.failure and jobs.controller.failure.message
    SEEN["done"] = True


def look_at(point: Vector) -> None:
    """Every 3D View from the front left, a little above; the largest beside its sidebar."""
    largest = view()["area"]
    for area in largest.id_data.areas:
        if area.type == "VIEW_3D":
            space = area.spaces.active
            space.overlay.show_relationship_lines = False
            space.region_3d.view_perspective = "PERSP"
            turn = Euler((math.radians(80), 0, math.radians(40 if area == largest else 0)))
            space.region_3d.view_rotation = turn.to_quaternion()
            aside = Vector((0.55 if area == largest else 0.0, 0, 0))
            aside.rotate(turn)
            space.region_3d.view_location = point + aside
            space.region_3d.view_distance = 4.0 if area == largest else 6.0


def panels() -> Generator[float, None, None]:
    """Every panel of the tab opened and filled in, without a generation."""
    open_all()
    rig, scene = metarig(), bpy.context.scene
    for frame in (1, 120):
        for posed in rig.pose.bones:
            posed.keyframe_insert("rotation_quaternion", frame=frame)
    knob = bpy.data.objects.new("Doorknob", None)
    way = bpy.data.objects.new("Way", bpy.data.curves.new("Way", "CURVE"))
    for it in (knob, way):
        scene.collection.objects.link(it)
    scene.mdm.prompt, scene.mdm.path = "a person walks forward", way
    scene.mdm_timeline.replaced(
        [("a person walks forward", 1, 60), ("a person sits down", 61, 130), ("a person stands up", 131, 190)]
    )
    edit = scene.mdm_edit
    edit.prompt, edit.scope, edit.path, edit.last = "waves with the right hand", "parts", way, 120
    for joint, frame, thing in (("right_wrist", 50, knob), ("left_ankle", 72, rig)):
        row = edit.targets.add()
        row.joint, row.frame, row.target = joint, frame, thing
    row.bone, edit.active_target = "foot.L", 1
    yield from show_tab()
    area = view()["area"]
    area.tag_redraw()
    yield 3.0
    screenshot("panels.png")
    yield 3.0
    SEEN["done"] = True


def edits() -> Generator[float, None, None]:
    """A timeline, an edit of an arm, one undo, and a loop, as from the panel's buttons."""
    controller = importlib.import_module(ADDON + ".jobs").controller
    rig, scene = metarig(), bpy.context.scene
    uid = rig.session_uid
    scene.mdm.use_random_seed = False
    scene.mdm_timeline.replaced([("a person walks forward", 1, 60), ("a person waves", 61, 110)])
    bpy.ops.ed.undo_push(message="set up")
    yield from show_tab()

    def finished(name: str) -> Generator[float, None, Any]:
        SEEN["started"] = SEEN.get("started", []) + operator(name)
        while controller.busy:
            yield 0.1
        yield 0.5
        SEEN["failure"] = controller.failure and controller.failure.message
        assert not SEEN["failure"], SEEN["failure"]
        return next(it for it in bpy.data.objects if it.session_uid == uid).animation_data.action

    made = yield from finished("timeline")
    SEEN["timeline"] = key_frames(made)
    edit = scene.mdm_edit
    edit.prompt, edit.scope, edit.parts, edit.first, edit.last = "waves", "parts", {"right_arm"}, 30, 60
    edited = yield from finished("regenerate")
    SEEN["actions"] = len(bpy.data.actions)
    SEEN["edited"] = [edited["mdm_edit_source"].name, edited["mdm_prompt"], edited["mdm_edit_source"].use_fake_user]
    with bpy.context.temp_override(**view()):
        bpy.ops.ed.undo()
    yield 0.5
    rig = next(it for it in bpy.data.objects if it.session_uid == uid)
    SEEN["after_undo"] = [len(bpy.data.actions), rig.animation_data.action.name]
    looped = yield from finished("loop")
    SEEN["loop"] = [looped.use_cyclic, *key_frames(looped)]
    screenshot("edits.png")
    yield 2.0
    SEEN["done"] = True


def metarig() -> Any:
    """Rigify's human metarig alone in the scene."""
    bpy.ops.preferences.addon_enable(module="rigify")
    with bpy.context.temp_override(**view()):
        for it in list(bpy.data.objects):
            bpy.data.objects.remove(it)
        bpy.ops.object.armature_human_metarig_add()
    return bpy.context.view_layer.objects.active


def open_all() -> None:
    """Makes panels that are closed at first be open: Blender keeps no such state that a script could set."""
    for panel in importlib.import_module(ADDON + ".ui").CLASSES:
        if "DEFAULT_CLOSED" in getattr(panel, "bl_options", ()):
            bpy.utils.unregister_class(panel)
            panel.bl_options = set()
            bpy.utils.register_class(panel)


SCENARIOS = {"use": scenario, "portrait": portrait, "panels": panels, "edits": edits}


def run(steps: Generator[float, None, None], deadline: float) -> float | None:
    try:
        wait = next(steps)
        if time.monotonic() < deadline:
            return wait
        SEEN["error"] = "took too long"
    except StopIteration:
        pass
    except Exception:
        SEEN["error"] = traceback.format_exc()
    (Path(CONFIG["folder"]) / "seen.json").write_text(json.dumps(SEEN, indent=1))
    bpy.ops.wm.quit_blender()
    return None


def begin() -> None:
    steps, deadline = SCENARIOS[CONFIG["scenario"]](), time.monotonic() + LIMIT_SECONDS
    bpy.app.timers.register(lambda: run(steps, deadline), first_interval=0.5)


bpy.app.timers.register(begin, first_interval=1.0)
