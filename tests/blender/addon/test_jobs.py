"""The job controller as the window drives it, with the timer's ticks given by hand; a fake model in a real worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import api, jobs
from mdm_blender.preferences import WorkerSettings
from mdm_core.errors import MotionError
from mdm_core.generator import Request
from tests.blender.addon.scene import fingerprint, key_range, mixamo


def start(rig: Any, prompt: str) -> None:
    scene = bpy.context.scene
    target = jobs.Target(scene.session_uid, rig.session_uid, rig.name, 5.0)
    jobs.controller.start(Request((prompt,), seconds=1.0), target, WorkerSettings())


def tick_until(condition: Any) -> None:
    for _ in range(4000):
        if condition():
            return
        jobs.controller.tick()
        time.sleep(0.005)
    pytest.fail("nothing happened")


def generation() -> Any:
    return jobs.controller.generation


def test_progress_then_the_action(rig: Any) -> None:
    start(rig, "slow")
    steps = set()

    def seen() -> bool:
        steps.add(generation().step if generation() else -1)
        return not jobs.controller.busy

    tick_until(seen)
    assert len(steps) > 30
    assert jobs.controller.failure is None
    assert key_range(rig.animation_data.action)[0] == 5.0


def test_cancel_changes_nothing_and_the_next_runs(rig: Any) -> None:
    before = fingerprint()
    start(rig, "slow")
    tick_until(lambda: generation().step > 2)
    assert bpy.ops.mdm.cancel() == {"FINISHED"}
    assert not jobs.controller.busy
    assert fingerprint() == before
    start(rig, "walks")
    tick_until(lambda: not jobs.controller.busy)
    assert len(bpy.data.actions) == 1


def test_a_second_start_is_refused(rig: Any) -> None:
    start(rig, "slow")
    with pytest.raises(RuntimeError):
        bpy.ops.mdm.generate(prompt="walks")
    with pytest.raises(MotionError, match="already"):
        api.generate(rig, "walks")
    jobs.controller.cancel()


def test_the_result_is_dropped_when_its_armature_has_gone(rig: Any) -> None:
    other = mixamo("Other")
    start(rig, "walks")
    bpy.data.objects.remove(rig)
    tick_until(lambda: not jobs.controller.busy)
    assert jobs.controller.failure is not None
    assert "removed" in jobs.controller.failure.message
    assert other.animation_data is None
    assert list(bpy.data.actions) == []


def test_the_result_is_dropped_when_another_file_is_opened(rig: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "a.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    start(rig, "slow")
    tick_until(lambda: generation().step > 2)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert not jobs.controller.busy
    assert list(bpy.data.actions) == []


def test_the_result_waits_while_the_armature_is_in_edit_mode(rig: Any) -> None:
    start(rig, "walks")
    bpy.ops.object.mode_set(mode="EDIT")
    tick_until(lambda: jobs.controller.state is jobs.State.HOLDING)
    assert "Edit Mode" in jobs.controller.hold_reason
    bpy.ops.object.mode_set(mode="OBJECT")
    tick_until(lambda: not jobs.controller.busy)
    assert len(bpy.data.actions) == 1


def test_nothing_of_a_running_job_is_saved(rig: Any, tmp_path: Path) -> None:
    start(rig, "slow")
    tick_until(lambda: generation().step > 2)
    path = str(tmp_path / "a.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert set(bpy.context.scene.mdm.keys()) <= {"prompt", "seconds", "takes", "seed", "use_random_seed"}
