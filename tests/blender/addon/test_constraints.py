"""Targets, paths and loops in the panel, with a worker that knows nothing of targets: the rig itself meets them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

from mdm_blender import api
from mdm_blender.ui import constraints as panel
from tests.blender.addon.scene import fcurves, fingerprint, mixamo
from tests.blender.addon.test_edit import ARM, changed_frames
from tests.blender.addon.test_timeline import Lists
from tests.blender.seen import place, places

WORKER = [sys.executable, str(Path(__file__).parents[1] / "editing_worker.py")]
HAND = "mixamorig:RightHand"


@pytest.fixture(scope="module")
def fake_worker() -> Iterator[None]:
    """The editing worker in place of the one that only generates."""
    from mdm_blender import process

    close = process.close
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "command", lambda python="": WORKER)
        patch.setattr(process, "close", lambda: None)
        yield
        close()


@pytest.fixture
def walker(rig: Any) -> Any:
    api.generate(rig, "walks", seconds=5.0, frame_start=1)
    bpy.context.scene.frame_set(1)
    return rig


def empty_at(where: Any) -> Any:
    made = bpy.data.objects.new("Goal", None)
    made.location = where
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.update()
    return made


def target(joint: str, frame: int, thing: Any) -> Any:
    row = bpy.context.scene.mdm_edit.targets.add()
    row.joint, row.frame, row.target = joint, frame, thing
    return row


@pytest.mark.parametrize("way", [(0.1, -0.2, 0.1), (0.0, 0.0, 0.3), (-0.2, 0.1, 0.05)])
def test_the_rig_reaches_what_the_model_missed(walker: Any, way: Any) -> None:
    original = walker.animation_data.action
    wanted = place(walker, HAND, 60) + way
    target("right_wrist", 60, empty_at(wanted))
    assert bpy.ops.mdm.regenerate(first=40, last=80, seed=2) == {"FINISHED"}
    assert np.linalg.norm(place(walker, HAND, 60) - wanted) < 1e-3
    joint, frame, off = json.loads(walker.animation_data.action["mdm_targets"])[0]
    assert (joint, frame) == ("right_wrist", 60)
    assert off < 1e-3
    # feet stay where the edit has them, and the lengths of limbs are the rig's
    for side in ("Left", "Right"):
        length = [
            np.linalg.norm(place(walker, f"mixamorig:{side}Leg", f) - place(walker, f"mixamorig:{side}Foot", f))
            for f in (30, 60)
        ]
        assert length[0] == pytest.approx(length[1], abs=1e-5)
    assert min(min(frames) for frames in changed_frames(original, walker.animation_data.action).values()) >= 40


def test_rows_that_are_off_do_not_count_and_those_without_a_target_are_asked_for(walker: Any) -> None:
    row = target("right_wrist", 60, None)
    before = fingerprint()
    with pytest.raises(RuntimeError, match="right hand at frame 60 is not chosen"):
        bpy.ops.mdm.regenerate(first=40, last=80, parts="right_arm", seed=2)
    assert fingerprint() == before
    row.use = False
    bpy.ops.mdm.regenerate(first=40, last=80, parts="right_arm", seed=2)
    assert "mdm_targets" not in walker.animation_data.action


def test_a_target_out_of_the_arms_reach_is_said(walker: Any) -> None:
    target("right_wrist", 60, empty_at(place(walker, HAND, 60) + [0, 0, 1.5]))
    original = walker.animation_data.action
    bpy.ops.mdm.regenerate(first=40, last=80, parts="right_arm", seed=2)
    action = walker.animation_data.action
    assert "right wrist at frame 60 stays" in action["mdm_notes"]
    assert json.loads(action["mdm_targets"])[0][2] > 0.3
    assert set(changed_frames(original, action)) <= set(ARM)


def test_again_goes_by_the_same_targets(walker: Any) -> None:
    wanted = place(walker, HAND, 60) + [0.0, -0.1, 0.2]
    goal = empty_at(wanted)
    api.regenerate(walker, frames=(40, 80), parts=["right_arm"], targets=[("right_wrist", 60, goal)], seed=2)
    goal.location = (5, 5, 5)
    api.again(walker, seed=9)
    assert np.linalg.norm(place(walker, HAND, 60) - wanted) < 1e-3


def test_the_animators_own_poses_win_over_a_target(walker: Any) -> None:
    target("right_wrist", 60, empty_at(place(walker, HAND, 60)))
    bpy.context.scene.timeline_markers.new("pose", frame=60)
    bpy.context.scene.mdm_edit.marks = "markers"
    with pytest.raises(RuntimeError, match="pose at frame 60 stays"):
        bpy.ops.mdm.inbetween(first=40, last=80, seed=2)


def test_a_new_row_is_of_the_active_bone_at_the_selected_empty(walker: Any) -> None:
    goal = empty_at((1, 0, 1))
    bpy.ops.object.mode_set(mode="POSE")
    walker.data.bones.active = walker.data.bones["mixamorig:LeftFoot"]
    posed = walker.pose.bones["mixamorig:LeftFoot"]
    (posed if hasattr(posed, "select") else posed.bone).select = True
    goal.select_set(True)
    bpy.context.scene.frame_current = 33
    bpy.ops.mdm.target_add()
    row = bpy.context.scene.mdm_edit.targets[0]
    assert (row.joint, row.frame, row.target, row.use) == ("left_ankle", 33, goal, True)
    bpy.ops.mdm.target_remove()
    assert not bpy.context.scene.mdm_edit.targets
    assert not bpy.ops.mdm.target_remove.poll()


def test_one_undo_takes_a_loop_back(walker: Any) -> None:
    name, original = walker.name, walker.animation_data.action.name
    bpy.ops.ed.undo_push(message="set up")
    before = fingerprint()
    bpy.context.scene.mdm_edit.loop = "in_place"
    assert bpy.ops.mdm.loop("EXEC_DEFAULT", True, seed=1) == {"FINISHED"}
    looped = bpy.data.objects[name].animation_data.action
    assert looped.name != original
    assert looped.use_cyclic
    hips = places(walker, ["mixamorig:Hips"], [1, int(looped.frame_range[1])])["mixamorig:Hips"]
    np.testing.assert_allclose(hips[0], hips[1], atol=1e-5)
    bpy.ops.ed.undo()
    assert {k: v for k, v in fingerprint().items() if k != "settings"} == {
        k: v for k, v in before.items() if k != "settings"
    }


def test_an_edit_is_one_undo_step(walker: Any) -> None:
    bpy.ops.ed.undo_push(message="set up")
    before = fingerprint()
    target("right_wrist", 60, empty_at(place(walker, HAND, 60) + [0, 0, 0.1]))
    bpy.ops.ed.undo_push(message="a target")
    with_target = fingerprint()
    bpy.ops.mdm.regenerate("EXEC_DEFAULT", True, first=40, last=80, seed=2)
    assert len(bpy.data.actions) == 2
    bpy.ops.ed.undo()
    assert fingerprint() == with_target
    bpy.ops.ed.undo()
    assert fingerprint() == before


def test_loops_of_the_range_alone(walker: Any) -> None:
    edit = bpy.context.scene.mdm_edit
    edit.loop_range, edit.first, edit.last, edit.loop, edit.loop_seconds = True, 20, 80, "travel", 0.5
    bpy.ops.mdm.loop(seed=1)
    action = walker.animation_data.action
    assert tuple(action.frame_range) == (20, 80)
    kinds = {
        curve.data_path.rpartition(".")[2]: {(it.mode_before, it.mode_after) for it in curve.modifiers}
        for curve in fcurves(action)
        if "Hips" in curve.data_path
    }
    assert kinds["location"] == {("REPEAT_OFFSET", "REPEAT_OFFSET")}
    assert kinds["rotation_quaternion"] == {("REPEAT", "REPEAT")}


@pytest.mark.usefixtures("walker")
def test_the_panels_draw_every_choice() -> None:
    scene = bpy.context.scene
    context = SimpleNamespace(scene=scene, view_layer=bpy.context.view_layer)
    log: list[tuple[str, str]] = []

    def drawn(of: Any) -> list[tuple[str, str]]:
        log.clear()
        of.draw(SimpleNamespace(layout=Lists(log)), context)
        return list(log)

    shown = drawn(panel.MDM_PT_constraints)
    assert ("prop", "path") in shown
    assert ("prop", "facing") not in shown
    row = target("right_wrist", 60, mixamo("Other"))
    scene.mdm_edit.path = bpy.data.objects.new("Way", bpy.data.curves.new("Way", "CURVE"))
    shown = drawn(panel.MDM_PT_constraints)
    assert {("prop", "facing"), ("prop_search", "bone")} <= set(shown)
    assert [name for kind, name in shown if kind == "prop"][-3:] == ["joint", "frame", "target"]
    log.clear()
    panel.MDM_UL_targets.draw_item(None, context, Lists(log), None, row, 0, None, "active")  # type: ignore[arg-type]
    assert [text for kind, text in log if kind == "label"] == ["Right Hand", "60", "Other"]
    assert drawn(panel.MDM_PT_loop)[-1] == ("operator", "mdm.loop")
