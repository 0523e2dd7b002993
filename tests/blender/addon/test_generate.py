"""The add-on in real `bpy` with a fake model in a real worker process: what it changes, and what an error does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

import mdm_blender
from mdm_blender import api, detection, jobs, takes
from mdm_blender.preferences import WorkerSettings
from mdm_core.errors import Cancelled, MotionError
from tests.blender.addon.scene import fingerprint, key_range


def test_register_twice_leaves_nothing_behind() -> None:
    before = set(dir(bpy.types))
    for _ in range(2):
        mdm_blender.register()
        assert hasattr(bpy.context.scene, "mdm")
        mdm_blender.unregister()
    assert not hasattr(bpy.context.scene, "mdm")
    assert {name for name in set(dir(bpy.types)) - before if "MDM" in name} == set()
    assert jobs.drop_on_load not in bpy.app.handlers.load_pre


def test_generate_puts_one_action_at_the_current_frame_at_the_scenes_rate(rig: Any) -> None:
    scene = bpy.context.scene
    scene.render.fps, scene.frame_current = 30, 11
    before = fingerprint()
    assert bpy.ops.mdm.generate(prompt="walks", seconds=2.0, seed=3) == {"FINISHED"}
    action = rig.animation_data.action
    assert list(bpy.data.actions) == [action]
    assert "walks" in action.name
    # 40 frames at 20 a second, the last at 1.95 s, are 58.5 frames at 30
    first, last = key_range(action)
    assert first == 11
    assert last == pytest.approx(11 + 1.95 * 30, abs=1)
    after = fingerprint()
    for unchanged in ("objects", "armatures", "scenes", "collections", "meshes", "texts", "scene"):
        assert after[unchanged] == before[unchanged]


def test_the_figure_walks_on_the_rig(rig: Any) -> None:
    """The fake model moves forward half a metre a second: Blender's own evaluation must show it along -Y."""
    bpy.ops.mdm.generate(prompt="walks", seconds=4.0)
    places = []
    for frame in (1, 1 + 3 * bpy.context.scene.render.fps):
        bpy.context.scene.frame_set(frame)
        places.append((rig.matrix_world @ rig.pose.bones["mixamorig:Hips"].head).copy())
    moved = places[1] - places[0]
    # legs of 0.82 m on the rig and 0.82 m in the fake model
    assert moved.y == pytest.approx(-1.5, abs=0.1)
    assert abs(moved.x) < 0.01


@pytest.mark.usefixtures("rig")
def test_the_panels_settings_are_used_and_a_random_seed_is_shown() -> None:
    settings = bpy.context.scene.mdm
    settings.prompt, settings.seconds, settings.takes, settings.use_random_seed = "dances", 1.0, 2, True
    assert bpy.ops.mdm.generate() == {"FINISHED"}
    assert len(bpy.data.actions) == 2
    first = settings.seed
    bpy.ops.mdm.generate()
    assert settings.seed != first  # one in two thousand million
    settings.use_random_seed, settings.seed = False, 9
    bpy.ops.mdm.generate()
    assert settings.seed == 9


def test_takes_are_actions_and_can_be_stepped_through(rig: Any) -> None:
    bpy.ops.mdm.generate(prompt="waves", seconds=1.0, takes=3)
    first = rig.animation_data.action
    assert takes.position(rig) == (1, 3)
    names = [action.name for action in takes.siblings(rig)]
    assert names == ["waves", "waves 2", "waves 3"]
    seen = []
    for _ in range(3):
        bpy.ops.mdm.step_take(direction=1)
        seen.append(rig.animation_data.action.name)
        assert_moves(rig)
    assert seen == ["waves 2", "waves 3", "waves"]
    bpy.ops.mdm.step_take(direction=-1)
    assert rig.animation_data.action.name == "waves 3"
    assert all(action.use_fake_user for action in takes.siblings(rig)), "saving must lose no take"
    bpy.ops.mdm.step_take(direction=1)
    bpy.ops.mdm.keep_take()
    assert list(bpy.data.actions) == [first]
    assert takes.position(rig) == (1, 1)


def assert_moves(rig: Any) -> None:
    """The assigned action is really played: on Blender 4.4 and later one without its slot is not."""
    heights = []
    for frame in (1, 15):
        bpy.context.scene.frame_set(frame)
        heights.append(rig.pose.bones["mixamorig:Hips"].head.copy())
    assert (heights[0] - heights[1]).length > 0.1


def test_the_action_that_the_armature_had_survives_saving(rig: Any, tmp_path: Path) -> None:
    rig.pose.bones["mixamorig:Hips"].keyframe_insert("location", frame=1)
    mine = rig.animation_data.action
    mine.name = "by hand"
    bpy.ops.mdm.generate(prompt="walks", seconds=1.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert sorted(action.name for action in bpy.data.actions) == ["by hand", "walks"]
    assert takes.position(bpy.data.objects["Rig"]) == (1, 1)


def fails(words: str, **options: Any) -> None:
    """The operator reports one sentence with `words`, the panel has it too, and nothing in the file has changed."""
    before = fingerprint()
    with pytest.raises(RuntimeError) as error:
        bpy.ops.mdm.generate(**options)
    text = str(error.value).removeprefix("Error: ").strip()
    assert words in text
    assert "\n" not in text
    assert "Traceback" not in text
    assert jobs.controller.failure is not None
    assert jobs.controller.failure.message == text
    assert not jobs.controller.busy
    assert fingerprint() == before


@pytest.mark.usefixtures("addon")
def test_no_armature_is_a_sentence() -> None:
    fails("Select the armature", prompt="walks")
    mesh = bpy.data.objects.new("Mesh", bpy.data.meshes.new("Mesh"))
    bpy.context.scene.collection.objects.link(mesh)
    bpy.context.view_layer.objects.active = mesh
    with pytest.raises(RuntimeError, match="Select the armature"):
        bpy.ops.mdm.generate(prompt="walks")


def test_a_mesh_stands_for_the_armature_that_deforms_it(rig: Any) -> None:
    mesh = bpy.data.objects.new("Mesh", bpy.data.meshes.new("Mesh"))
    bpy.context.scene.collection.objects.link(mesh)
    mesh.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.context.view_layer.objects.active = mesh
    assert bpy.ops.mdm.generate(prompt="walks", seconds=1.0) == {"FINISHED"}
    assert rig.animation_data.action.name == "walks"


def test_an_armature_without_legs_is_a_sentence(rig: Any) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(rig.data.edit_bones):
        if "Leg" in bone.name or "Foot" in bone.name or "Toe" in bone.name:
            rig.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    fails("leg", prompt="walks")


@pytest.mark.usefixtures("rig")
@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("Type what", {"prompt": "  "}),
        ("seconds", {"prompt": "walks", "seconds": 0.0}),
        ("seconds", {"prompt": "walks", "seconds": 10_000.0}),
        ("damaged", {"prompt": "refuse"}),
        ("stopped unexpectedly", {"prompt": "crash"}),
        ("ZeroDivisionError", {"prompt": "raise"}),
    ],
)
def test_bad_input_and_a_bad_worker_change_nothing(words: str, options: dict[str, Any]) -> None:
    fails(words, **options)


@pytest.mark.usefixtures("rig")
def test_after_a_failure_the_next_generation_works() -> None:
    fails("stopped unexpectedly", prompt="crash")
    assert bpy.ops.mdm.generate(prompt="walks", seconds=1.0) == {"FINISHED"}
    assert jobs.controller.failure is None


@pytest.mark.parametrize("had_action", [False, True])
def test_a_failure_between_two_takes_takes_back_the_first(
    rig: Any, had_action: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if had_action:
        rig.pose.bones["mixamorig:Hips"].keyframe_insert("location", frame=1)
    before = fingerprint()
    real = takes.apply_motion

    def second_fails(armature: Any, motion: Any, **options: Any) -> Any:
        if motion.seed == 8:
            raise MotionError("No second take.")
        return real(armature, motion, **options)

    monkeypatch.setattr(takes, "apply_motion", second_fails)
    with pytest.raises(MotionError, match="No second take"):
        api.generate(rig, "walks", seconds=1.0, seed=7, takes=2)
    assert fingerprint() == before


@pytest.mark.usefixtures("rig")
def test_edit_mode_is_refused() -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Edit Mode"):
        bpy.ops.mdm.generate(prompt="walks")
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_python_that_is_not_there_is_a_sentence(rig: Any) -> None:
    with pytest.raises(MotionError, match="preferences"):
        api.generate(rig, "walks", settings=WorkerSettings(python="/nowhere/python"))
    assert list(bpy.data.actions) == []


def test_damaged_weights_are_a_sentence_and_change_nothing(rig: Any) -> None:
    before = fingerprint()
    with pytest.raises(MotionError, match="can't be read"):
        api.generate(rig, "walks", settings=WorkerSettings(model="damaged"))
    assert fingerprint() == before
    assert len(api.generate(rig, "walks", seconds=1.0)) == 1


class TestApi:
    def test_generate_returns_the_takes_with_the_first_assigned(self, rig: Any) -> None:
        steps: list[tuple[int, int]] = []
        actions = api.generate(
            rig, "jumps", seconds=1.0, frame_start=24.5, seed=1, takes=2, on_step=lambda *s: steps.append(s)
        )
        assert len(actions) == 2
        assert rig.animation_data.action == actions[0]
        assert key_range(actions[1])[0] == pytest.approx(24.5, abs=0.5)
        assert steps[-1] == (10, 10)

    def test_cancelled_from_on_step(self, rig: Any) -> None:
        def stop(_step: int, _steps: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            api.generate(rig, "slow", on_step=stop)
        assert list(bpy.data.actions) == []
        assert len(api.generate(rig, "walks", seconds=1.0)) == 1

    @pytest.mark.usefixtures("addon")
    def test_what_is_no_armature_is_refused(self) -> None:
        for wrong in (None, bpy.data.objects.new("Mesh", bpy.data.meshes.new("Mesh"))):
            with pytest.raises(MotionError, match="armature"):
                api.generate(wrong, "walks")
            with pytest.raises(MotionError, match="armature"):
                api.detect(wrong)

    def test_detect(self, rig: Any) -> None:
        found = api.detect(rig)
        assert found.bones["pelvis"] == "mixamorig:Hips"
        assert found.bones["left_knee"] == "mixamorig:LeftLeg"
        assert found.bones["right_wrist"] == "mixamorig:RightHand"


def test_detection_is_kept_until_bones_change(rig: Any) -> None:
    assert detection.lookup(rig) is None
    detection._detect_asked()
    known = detection.lookup(rig)
    assert known is not None
    assert known.rig_map is not None
    assert detection.lookup(rig) is known
    rig.location.x += 1
    bpy.context.view_layer.update()
    assert detection.lookup(rig) is known
    rig.data.bones["mixamorig:Hips"].name = "something else"
    bpy.context.view_layer.update()
    assert detection.lookup(rig) is not known
