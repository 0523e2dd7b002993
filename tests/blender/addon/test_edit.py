"""Edits in real Blender with a worker whose edits are known: what changes, and that nothing else does, bit for bit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

import mdm_blender
from mdm_blender import api, jobs, takes
from mdm_blender.compat import is_selected
from mdm_blender.ui import editing as panel
from mdm_core.errors import MotionError
from mdm_core.skeleton import PARTS
from tests.blender.addon.scene import fcurves, fingerprint, mixamo
from tests.blender.addon.test_panel import Layout

WORKER = [sys.executable, str(Path(__file__).parents[1] / "editing_worker.py")]
ARM = ("mixamorig:RightShoulder", "mixamorig:RightArm", "mixamorig:RightForeArm", "mixamorig:RightHand")
LAST = 120


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
    """A Mixamo-named rig with a dense generated action, frames 1 to 119 or so."""
    api.generate(rig, "walks", seconds=5.0, frame_start=1)
    bpy.context.scene.frame_set(1)  # so that the pose is the action's
    return rig


@pytest.fixture
def keyed(rig: Any) -> Any:
    """The rig keyed by hand every twenty frames or so, in three rotation modes, with every kind of handle."""
    modes = {"Arm": "XYZ", "ForeArm": "AXIS_ANGLE", "UpLeg": "ZXY"}
    handles = ("AUTO_CLAMPED", "AUTO", "VECTOR", "ALIGNED", "FREE")
    random = np.random.default_rng(3)
    for posed in rig.pose.bones:
        posed.rotation_mode = next(
            (mode for end, mode in modes.items() if posed.name.endswith(("Left" + end, "Right" + end))), "QUATERNION"
        )
    for frame in (1, 22, 41, 60, 79, 100, LAST):
        for posed in rig.pose.bones:
            way = random.normal(size=3)
            turn = 0.25 * random.normal()
            posed.matrix_basis = rotation(way, turn)
            path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(
                posed.rotation_mode, "rotation_euler"
            )
            posed.keyframe_insert(path, frame=frame)
        hips = rig.pose.bones["mixamorig:Hips"]
        hips.location = (0.002 * frame, 0.0, 0.01 * frame)
        hips.keyframe_insert("location", frame=frame)
    for number, curve in enumerate(fcurves(rig.animation_data.action)):
        for key in curve.keyframe_points:
            key.handle_left_type = key.handle_right_type = handles[number % len(handles)]
        curve.auto_smoothing = "CONT_ACCEL" if number % 2 else "NONE"
        curve.update()
    return rig


def rotation(axis: Any, angle: float) -> Any:
    from mathutils import Matrix, Vector

    return Matrix.Rotation(angle, 4, Vector(axis).normalized())


def bone_of(curve: Any) -> str:
    return curve.data_path.split('"')[1]


def kept(action: Any, first: int, last: int, bones: tuple[str, ...]) -> dict[Any, Any]:
    """Of every curve, by path and index: keys, handles and interpolation as bytes, and what it plays; in the bones only
    of what lies outside first..last."""
    result: dict[Any, Any] = {}
    for curve in fcurves(action):
        inside = bone_of(curve) in bones
        keys = [it for it in curve.keyframe_points if not (inside and first <= it.co[0] <= last)]
        rows = {
            float(it.co[0]): np.array([*it.co, *it.handle_left, *it.handle_right], np.float32).tobytes()
            + it.interpolation.encode()
            for it in keys
        }
        frames = [f for f in range(-10, LAST + 20) if not (inside and first <= f <= last)]
        result[curve.data_path, curve.array_index] = (
            rows,
            np.array([curve.evaluate(f) for f in frames], np.float32).tobytes(),
        )
    return result


def assert_same_outside(before: Any, after: Any) -> None:
    """Every key that there was is there with its bytes, and every curve plays what it has played."""
    for curve, (rows, played) in before.items():
        now, plays = after[curve]
        assert {frame: now.get(frame) for frame in rows} == rows, curve
        assert plays == played, curve


def changed_frames(before: Any, after: Any, within: float = 0.0) -> dict[str, set[int]]:
    """Bone -> frames at which a curve of it plays something that differs by more than `within`."""
    found: dict[str, set[int]] = {}
    old = {(it.data_path, it.array_index): it for it in fcurves(before)}
    for curve in fcurves(after):
        was = old.get((curve.data_path, curve.array_index))
        for frame in range(-10, LAST + 20):
            if was is None or abs(was.evaluate(frame) - curve.evaluate(frame)) > within:
                found.setdefault(bone_of(curve), set()).add(frame)
    return found


def test_only_the_arm_changes_and_only_in_the_range(walker: Any) -> None:
    original = walker.animation_data.action
    whole = kept(original, 0, 0, ())
    before = kept(original, 40, 80, ARM)
    edited = api.regenerate(walker, "waves", frames=(40, 80), parts=("right_arm",), seed=3)
    assert walker.animation_data.action == edited
    assert edited != original
    assert original.use_fake_user
    assert kept(original, 0, 0, ()) == whole, "the original changed"
    assert_same_outside(before, kept(edited, 40, 80, ARM))
    changed = changed_frames(original, edited)
    assert set(changed) <= set(ARM)
    assert set(range(45, 76)) <= changed["mixamorig:RightArm"] | changed["mixamorig:RightForeArm"]
    assert {"mdm_prompt", "mdm_seed", "mdm_model", "mdm_edit"} <= set(edited.keys())
    assert (edited["mdm_prompt"], edited["mdm_seed"]) == ("waves", "3")


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [(50, 70, ("right_arm",)), (41, 79, ("left_leg", "right_leg", "root")), (30, 65, ()), (61, 63, ("left_arm",))],
)
def test_hand_keyed_curves_of_any_handle_and_rotation_mode_stay_outside(
    keyed: Any, first: int, last: int, parts: tuple[str, ...]
) -> None:
    original = keyed.animation_data.action
    names = tuple(bone.name for bone in keyed.pose.bones)
    before = kept(original, first, last, names)
    edited = api.regenerate(keyed, "turns", frames=(first, last), parts=parts, blend=0)
    assert_same_outside(before, kept(edited, first, last, names))
    assert changed_frames(original, edited), "nothing changed"
    for frames in changed_frames(original, edited).values():
        assert min(frames) >= first
        assert max(frames) <= last


def test_new_keys_are_generated_and_every_channel_stays_in_its_rotation_mode(keyed: Any) -> None:
    modes = {bone.name: bone.rotation_mode for bone in keyed.pose.bones}
    edited = api.regenerate(keyed, "turns", frames=(45, 75), parts=("right_arm",))
    assert {bone.name: bone.rotation_mode for bone in keyed.pose.bones} == modes
    assert {path.rpartition(".")[2] for path in (it.data_path for it in fcurves(edited)) if "RightArm" in path} == {
        "rotation_euler"
    }
    for curve in fcurves(edited):
        if bone_of(curve) in ARM[:3]:
            inside = [key for key in curve.keyframe_points if 45 <= key.co[0] <= 75]
            if len(inside) > 2:
                assert {key.type for key in inside} == {"GENERATED"}


def test_selected_bones_are_all_that_changes_and_nothing_of_the_scene_does(walker: Any) -> None:
    original = walker.animation_data.action
    bpy.ops.object.mode_set(mode="POSE")
    for posed in walker.pose.bones:
        owner = posed if hasattr(posed, "select") else posed.bone
        owner.select = posed.name == "mixamorig:LeftForeArm"
    scene = bpy.context.scene
    scene.frame_set(17)
    scene.mdm_edit.scope, scene.mdm_edit.first, scene.mdm_edit.last = "bones", 30, 60
    before = fingerprint()["scene"]
    assert bpy.ops.mdm.regenerate(prompt="waves", seed=4) == {"FINISHED"}
    assert fingerprint()["scene"] == before
    assert walker.mode == "POSE"
    assert [it.name for it in walker.pose.bones if is_selected(it)] == ["mixamorig:LeftForeArm"]
    assert set(changed_frames(original, walker.animation_data.action)) == {"mixamorig:LeftForeArm"}


def poses(rig: Any, frames: list[int]) -> dict[int, dict[str, Any]]:
    """Blender's own evaluation: frame -> bone -> world matrix."""
    scene, found = bpy.context.scene, {}
    for frame in frames:
        scene.frame_set(frame)
        found[frame] = {bone.name: np.array(rig.matrix_world @ bone.matrix) for bone in rig.pose.bones}
    return found


def assert_poses_met(before: Any, after: Any) -> None:
    """Within 0.1 degrees and 0.1 mm."""
    for frame, bones in before.items():
        for bone, was in bones.items():
            now = after[frame][bone]
            assert np.abs(now[:3, 3] - was[:3, 3]).max() < 1e-4, (frame, bone)
            chord = np.linalg.norm(now[:3, :3] - was[:3, :3]) / np.sqrt(2)  # 2 sin(angle / 2)
            assert np.degrees(2 * np.arcsin(min(1.0, chord / 2))) < 0.1, (frame, bone)


def test_an_in_between_meets_every_key_of_the_animator(keyed: Any) -> None:
    original, marks = keyed.animation_data.action, [22, 41, 60, 79, 100]
    before = poses(keyed, [1, *marks, LAST])
    edited = api.inbetween(keyed, "turns", frames=(22, 100))
    assert_poses_met(before, poses(keyed, [1, *marks, LAST]))
    changed = set().union(*changed_frames(original, edited).values())
    assert {30, 50, 70, 90} <= changed
    assert changed.isdisjoint(marks)
    types = {key.co[0]: key.type for key in fcurves(edited)[0].keyframe_points}
    assert all(types[frame] == "KEYFRAME" for frame in marks)


def test_an_in_between_meets_given_frames_and_markers(walker: Any) -> None:
    before = poses(walker, [20, 47, 90])
    source = walker.animation_data.action
    api.inbetween(walker, frames=(20, 90), keys=(20, 47, 90))
    assert_poses_met(before, poses(walker, [20, 47, 90]))
    walker.animation_data.action = source
    scene = bpy.context.scene
    for frame in (20, 47, 90, 300):
        scene.timeline_markers.new(str(frame), frame=frame)
    scene.mdm_edit.marks = "markers"
    assert bpy.ops.mdm.inbetween(first=20, last=90, seed=2) == {"FINISHED"}
    assert_poses_met(before, poses(walker, [20, 47, 90]))


def test_a_second_edit_of_the_same_range_keeps_the_animators_keys(walker: Any) -> None:
    api.regenerate(walker, "waves", frames=(40, 80), parts=("right_arm",), seed=3)
    arm = walker.pose.bones["mixamorig:RightArm"]
    bpy.context.scene.frame_set(60)
    arm.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    arm.keyframe_insert("rotation_quaternion", frame=60)
    once = walker.animation_data.action
    for curve in fcurves(once):
        if bone_of(curve) == arm.name:  # Blender leaves a key that is set over another its type
            next(key for key in curve.keyframe_points if key.co[0] == 60).type = "KEYFRAME"
    twice = api.regenerate(walker, "waves", frames=(40, 80), parts=("right_arm",), seed=8)
    curves = {(it.data_path, it.array_index): it for it in fcurves(twice)}
    for index, value in enumerate(np.float32([0.8, 0.6, 0.0, 0.0])):
        curve = curves[f'pose.bones["{arm.name}"].rotation_quaternion', index]
        keys = {int(key.co[0]): key for key in curve.keyframe_points}
        assert keys[60].type == "KEYFRAME"
        assert keys[60].co[1] == value
        assert {keys[frame].type for frame in range(40, 81) if frame != 60} == {"GENERATED"}
    changed = changed_frames(once, twice)[arm.name]
    assert 60 not in changed
    assert len(changed) > 20


def test_an_extension_goes_on_and_leaves_all_keys(walker: Any) -> None:
    original = walker.animation_data.action
    end = int(original.frame_range[1])
    names = tuple(bone.name for bone in walker.pose.bones)
    before = kept(original, end + 1, 10**6, names)
    edited = api.extend(walker, "walks", seconds=1.0)
    assert int(edited.frame_range[1]) == end + 24
    assert_same_outside(before, kept(edited, end + 1, 10**6, names))
    assert len(changed_frames(original, edited)["mixamorig:Hips"] & set(range(end, end + 24))) > 10


@pytest.mark.parametrize("character", ["walker", "keyed"])
def test_a_lead_in_comes_before_and_leaves_all_keys(request: pytest.FixtureRequest, character: str) -> None:
    armature = request.getfixturevalue(character)
    original = armature.animation_data.action
    names = tuple(bone.name for bone in armature.pose.bones)
    before = kept(original, -(10**6), 0, names)
    edited = api.lead_in(armature, "walks", seconds=1.0)
    assert int(edited.frame_range[0]) == 1 - 24
    assert int(edited.frame_range[1]) == int(original.frame_range[1])
    assert_same_outside(before, kept(edited, -(10**6), 0, names))
    assert len(changed_frames(original, edited)["mixamorig:Hips"] & set(range(-10, 1))) > 8
    again = api.again(armature, seed=5)
    assert again.frame_range[:] == edited.frame_range[:]


def test_again_is_another_take_of_the_same_edit(walker: Any) -> None:
    original = walker.animation_data.action
    first = api.regenerate(walker, "waves", frames=(40, 80), parts=("right_arm",), seed=3)
    second = api.again(walker, seed=5)
    assert walker.animation_data.action == second
    assert second["mdm_seed"] == "5"
    assert second["mdm_edit_source"] == original
    assert takes.position(walker) == (2, 2)
    bpy.ops.mdm.step_take(direction=1)
    assert walker.animation_data.action == first
    assert set(changed_frames(original, second)) <= set(ARM)
    repeated = api.again(walker, seed=3)
    assert not changed_frames(first, repeated), "the same seed makes the same edit"


def test_several_takes_of_an_edit_are_stepped_through(walker: Any) -> None:
    original = walker.animation_data.action
    bpy.context.scene.mdm.takes = 3
    assert bpy.ops.mdm.regenerate(first=40, last=80, parts="right_arm", seed=5) == {"FINISHED"}
    made = takes.siblings(walker)
    assert [action["mdm_seed"] for action in made] == ["5", "6", "7"]
    assert walker.animation_data.action == made[0]
    assert original not in made
    assert changed_frames(made[0], made[1])
    assert all(action.use_fake_user for action in (original, *made[1:]))


def test_in_place_there_is_no_copy(walker: Any) -> None:
    original = walker.animation_data.action
    count = len(bpy.data.actions)
    assert api.regenerate(walker, "waves", frames=(40, 80), parts=("right_arm",), in_place=True) == original
    assert len(bpy.data.actions) == count
    with pytest.raises(MotionError, match="again"):
        api.again(walker)


def test_the_strength_of_the_panel_is_asked_for(walker: Any) -> None:
    original = walker.animation_data.action
    bpy.context.scene.mdm_edit.vary = 0.3
    assert bpy.ops.mdm.vary(first=20, last=60, seed=1) == {"FINISHED"}
    assert '"vary": 0.3' in walker.animation_data.action["mdm_edit"]
    assert changed_frames(original, walker.animation_data.action)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("too few", {"first": 40, "last": 41}),
        ("beyond the keys", {"first": 100, "last": 400}),
        ("no bone", {"first": 40, "last": 80, "bones": "nothing"}),
        ("no body part", {"first": 40, "last": 80, "parts": "tail"}),
        ("timeline markers", {"first": 40, "last": 80, "inbetween": True}),
        ("damaged", {"first": 40, "last": 80, "prompt": "refuse"}),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    walker: Any, words: str, options: dict[str, Any]
) -> None:
    before = fingerprint()
    edit = bpy.ops.mdm.regenerate
    if options.pop("inbetween", False):
        bpy.context.scene.mdm_edit.marks, edit = "markers", bpy.ops.mdm.inbetween
    with pytest.raises(RuntimeError, match=words):
        edit(**options)
    assert fingerprint() == before
    assert jobs.controller.failure is not None
    assert "\n" not in jobs.controller.failure.message
    assert walker.animation_data.action is not None


def test_errors_of_the_rest(rig: Any) -> None:
    with pytest.raises(MotionError, match="has no action"):
        api.regenerate(rig, frames=(1, 20))
    api.generate(rig, "walks", seconds=3.0, frame_start=1)
    with pytest.raises(MotionError, match="No key poses"):
        api.inbetween(rig, frames=(10, 40))
    curve = next(it for it in fcurves(rig.animation_data.action) if "RightArm" in it.data_path)
    curve.modifiers.new("CYCLES")
    before = fingerprint()
    with pytest.raises(MotionError, match="modifiers"):
        api.regenerate(rig, frames=(10, 40))
    assert fingerprint() == before
    with pytest.raises(MotionError, match="armature"):
        api.regenerate(None, frames=(10, 40))


def test_an_action_that_was_exchanged_meanwhile_is_left_alone(walker: Any) -> None:
    from mdm_blender.editing.job import edit_of
    from mdm_blender.editing.plan import Ask
    from mdm_blender.preferences import worker_settings

    wanted, goal = edit_of(walker, Ask(frames=(40, 80)), bpy.context.scene)
    motions = jobs.wait_for(wanted, worker_settings())
    walker.animation_data.action = bpy.data.actions.new("other")
    before = fingerprint()
    with pytest.raises(MotionError, match="another action"):
        goal.put(walker, motions)
    assert fingerprint() == before


def test_the_panel_draws_every_choice_and_takes_the_timelines_range(walker: Any) -> None:
    scene = bpy.context.scene
    context = SimpleNamespace(scene=scene, view_layer=bpy.context.view_layer)
    assert panel.MDM_PT_editing.poll(context)
    for scope in ("all", "bones", "parts"):
        scene.mdm_edit.scope = scope
        log: list[tuple[str, str]] = []
        panel.MDM_PT_editing.draw(SimpleNamespace(layout=Grid(log)), context)
        shown = [name for kind, name in log if kind == "operator"]
        assert shown == [
            "mdm.edit_range", "mdm.regenerate", "mdm.inbetween", "mdm.vary", "mdm.extend", "mdm.lead_in",
            "mdm.edit_again",
        ]  # fmt: skip
        toggles = {value for kind, value in log if kind == "prop_enum"}
        assert toggles == (set(PARTS) if scope == "parts" else set())
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 30, 500
    bpy.ops.mdm.edit_range()
    assert (scene.mdm_edit.first, scene.mdm_edit.last) == (30, int(walker.animation_data.action.frame_range[1]))
    for frame, chosen in ((25, True), (44, True), (90, False), (33, True)):
        scene.timeline_markers.new(str(frame), frame=frame).select = chosen
    bpy.ops.mdm.edit_range()
    assert (scene.mdm_edit.first, scene.mdm_edit.last) == (25, 44)
    walker.animation_data_clear()
    assert not panel.MDM_PT_editing.poll(context)


class Grid(Layout):
    def record(self, name: str, given: dict[str, Any]) -> Any:
        if name == "prop_enum":
            self.log.append((name, given["value"]))
            return None
        return Grid(self.log) if name in ("row", "column") else super().record(name, given)


def test_registering_twice_leaves_nothing_behind() -> None:
    for _ in range(2):
        mdm_blender.register()
        mdm_blender.unregister()
    assert not hasattr(bpy.types.Scene, "mdm_edit")


def test_two_rigs_do_not_mix(walker: Any) -> None:
    other = mixamo("Other")
    api.generate(other, "walks", seconds=3.0, frame_start=1)
    action = walker.animation_data.action
    api.regenerate(other, "waves", frames=(10, 40))
    assert walker.animation_data.action == action
