"""The timeline of prompts in the panel: rows, operators, one job, one undo step; a worker whose motions are known."""

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
from hypothesis import given
from hypothesis import strategies as st

from mdm_blender import api, jobs, takes
from mdm_blender.editing.timeline import SHORTEST, from_markers, sorted_rows
from mdm_blender.ui import timeline as panel
from mdm_core.errors import MotionError
from tests.blender.addon.scene import fcurves, fingerprint, key_range
from tests.blender.addon.test_panel import Layout
from tests.blender.seen import places

WORKER = [sys.executable, str(Path(__file__).parents[1] / "editing_worker.py")]


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


def shown() -> list[tuple[str, int, int]]:
    return bpy.context.scene.mdm_timeline.given()


@pytest.mark.usefixtures("rig")
def test_rows_are_added_after_one_another_sorted_and_removed() -> None:
    scene = bpy.context.scene
    scene.frame_current = 12
    bpy.ops.mdm.prompt_add()
    bpy.ops.mdm.prompt_add()
    rate = scene.render.fps
    assert [row[1:] for row in shown()] == [(12, 11 + 3 * rate), (12 + 3 * rate, 11 + 6 * rate)]
    rows = scene.mdm_timeline.rows
    rows[0].prompt, rows[1].prompt, rows[1].first, rows[1].last = "sits", "walks", 1, 11
    bpy.ops.mdm.prompts_sort()
    assert [row[0] for row in shown()] == ["walks", "sits"]
    scene.mdm_timeline.active = 0
    bpy.ops.mdm.prompt_remove()
    assert [row[0] for row in shown()] == ["sits"]
    bpy.ops.mdm.prompt_remove()
    assert not bpy.ops.mdm.prompt_remove.poll()


def test_the_panels_rows_become_one_motion_with_each_prompt_in_its_frames(rig: Any) -> None:
    scene = bpy.context.scene
    scene.render.fps = 30
    rows = [("walks", 11, 70), ("runs", 71, 130), ("hurries", 131, 160)]
    scene.mdm_timeline.replaced([rows[2], rows[0], rows[1]])
    scene.mdm.takes = 2
    assert bpy.ops.mdm.timeline(seed=7) == {"FINISHED"}
    made = takes.siblings(rig)
    assert [action["mdm_seed"] for action in made] == ["7", "8"]
    assert key_range(made[0]) == (11, 160)
    # the worker walks a metre a second faster in each row
    hips = places(rig, ["mixamorig:Hips"], range(11, 161))["mixamorig:Hips"]
    pace = -np.diff(hips[:, 1]) * 30
    for speed, (_, first, last) in zip((0.5, 1.5, 2.5), rows, strict=True):
        np.testing.assert_allclose(pace[first - 11 + 2 : last - 11 - 2], speed, rtol=0.1)


def test_rows_are_given_to_the_operator_as_text(rig: Any) -> None:
    assert bpy.ops.mdm.timeline(rows="31:60=runs\n1:30=walks = slowly\n", seed=1) == {"FINISHED"}
    known = json.loads(rig.animation_data.action["mdm_timeline"])["rows"]
    assert [it["prompt"] for it in known] == ["walks = slowly", "runs"]
    for text, words in (("1-30 walks", "is no row"), ("", "no prompt"), ("1:2=walks", "too few")):
        before = fingerprint()
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.mdm.timeline(rows=text)
        assert fingerprint() == before
        assert jobs.controller.failure is not None


def test_one_undo_takes_it_back_and_a_worker_that_fails_changes_nothing(rig: Any) -> None:
    name = rig.name
    bpy.context.scene.mdm_timeline.replaced([("walks", 1, 40)])
    bpy.ops.ed.undo_push(message="set up")
    bpy.ops.mdm.timeline("EXEC_DEFAULT", True, seed=1)
    assert len(bpy.data.actions) == 1
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    bpy.ops.ed.redo()
    assert bpy.data.objects[name].animation_data.action == bpy.data.actions[0]
    before = fingerprint()
    with pytest.raises(RuntimeError, match="damaged"):
        bpy.ops.mdm.timeline(rows="1:40=walks\n41:80=refuse")
    # the rows that it failed with are no one's yet
    assert fingerprint() == before


def test_takes_of_it_are_made_again(rig: Any) -> None:
    (first,) = api.timeline(rig, [("walks", 5, 40), ("runs", 41, 60)], seed=3)
    assert bpy.ops.mdm.edit_again.poll()
    second = api.again(rig, seed=9)
    assert (second["mdm_seed"], second["mdm_take"], first["mdm_takes"]) == ("9", 2, 2)
    assert key_range(second) == key_range(first)
    assert takes.siblings(rig) == [first, second]
    bpy.ops.mdm.step_take(direction=1)
    assert rig.animation_data.action == first


@pytest.mark.usefixtures("rig")
def test_markers_become_rows() -> None:
    scene = bpy.context.scene
    scene.frame_end = 200
    for frame, called in ((1, "walks"), (150, "F_150"), (60, "sits down")):
        scene.timeline_markers.new(called, frame=frame)
    bpy.ops.mdm.prompts_from_markers()
    assert shown() == [("walks", 1, 59), ("sits down", 60, 149)]
    scene.timeline_markers.clear()
    with pytest.raises(RuntimeError, match="marker"):
        bpy.ops.mdm.prompts_from_markers()
    assert len(shown()) == 2


@given(
    st.lists(st.tuples(st.integers(-50, 300), st.sampled_from(["walks", "F_12", "Marker", "Marker.001", " ", "F_x"])))
)
def test_rows_of_markers_make_a_timeline_or_none(markers: list[tuple[int, str]]) -> None:
    rows = from_markers(markers, 320)
    assert {row[0] for row in rows} <= {"walks", "F_x"}
    for prompt, first, last in rows:
        assert (first, prompt) in [(frame, name.strip()) for frame, name in markers]
        assert last - first + 1 >= SHORTEST
    if rows:
        assert [(row.first, row.last) for row in sorted_rows(rows)] == [row[1:] for row in rows]


ROWS = st.lists(st.tuples(st.sampled_from(["walks", "sits", ""]), st.integers(0, 60), st.integers(0, 60)), max_size=4)


@given(ROWS)
def test_rows_are_in_time_apart_and_long_enough_or_refused(rows: list[tuple[str, int, int]]) -> None:
    try:
        made = sorted_rows(rows)
    except MotionError as error:
        assert "\n" not in str(error)
        return
    assert sorted((it.prompt, it.first, it.last) for it in made) == sorted(rows)
    for one, following in zip(made, made[1:], strict=False):
        assert one.last <= following.first
    assert all(it.last - it.first + 1 >= SHORTEST for it in made)


def test_the_panel_draws_its_rows_and_is_off_while_a_job_runs(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(scene=bpy.context.scene, view_layer=bpy.context.view_layer)
    assert panel.MDM_PT_timeline.poll(context)
    bpy.context.scene.mdm_timeline.replaced([("walks", 1, 60), ("sits", 61, 90)])
    log: list[tuple[str, str]] = []
    panel.MDM_PT_timeline.draw(SimpleNamespace(layout=Lists(log)), context)
    names = ["prompt_add", "prompt_remove", "prompts_sort", "prompts_from_markers", "timeline"]
    assert [name for kind, name in log if kind == "operator"] == [f"mdm.{name}" for name in names]
    assert ("template_list", "MDM_UL_prompts") in log
    assert [name for kind, name in log if kind == "prop"] == ["prompt", "first", "last"]
    item = bpy.context.scene.mdm_timeline.rows[0]
    log.clear()
    panel.MDM_UL_prompts.draw_item(None, context, Lists(log), None, item, 0, None, "active")  # type: ignore[arg-type]
    assert log == [("label", "walks"), ("label", "1–60")]
    monkeypatch.setattr(jobs.controller, "state", jobs.State.RUNNING)
    assert not bpy.ops.mdm.timeline.poll()
    bpy.context.view_layer.objects.active = None
    assert not panel.MDM_PT_timeline.poll(context)
    assert rig


class Lists(Layout):
    """A layout that knows lists and splits too."""

    def record(self, name: str, given: dict[str, Any]) -> Any:
        if name in ("row", "column", "split", "grid_flow"):
            return Lists(self.log)
        if name == "template_list":
            assert given["propname"] in given["dataptr"].bl_rna.properties
            assert given["active_propname"] in given["active_dataptr"].bl_rna.properties
            self.log.append((name, given["listtype_name"]))
            return None
        if name == "prop_search":
            self.log.append((name, given["property"]))
            return None
        return super().record(name, given)


def test_a_path_goes_with_the_main_panels_prompt(rig: Any) -> None:
    data = bpy.data.curves.new("Way", "CURVE")
    way = bpy.data.objects.new("Way", data)
    spline = data.splines.new("POLY")
    spline.points.add(1)
    spline.points[1].co = (0, -2, 0, 1)
    bpy.context.scene.collection.objects.link(way)
    settings = bpy.context.scene.mdm
    settings.path, settings.prompt, settings.seconds = way, "walks", 2.0
    assert bpy.ops.mdm.generate(seed=3) == {"FINISHED"}
    action = rig.animation_data.action
    assert json.loads(action["mdm_timeline"])["path"]["name"] == "Way"
    assert action["mdm_prompt"] == "walks"
    settings.root_motion = "in_place"
    with pytest.raises(RuntimeError, match="follows no path"):
        bpy.ops.mdm.generate(seed=3)
    assert fcurves(action)
