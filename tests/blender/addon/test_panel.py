"""What the panel draws in each state, on a layout that checks every call against this Blender's own UILayout."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

import mdm_blender
from mdm_blender import detection, jobs, takes
from mdm_blender.apply import ApplyOptions
from mdm_blender.generation import Failure
from mdm_blender.ui import panel

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
PROPERTIES = bpy.types.UILayout.bl_rna.properties


class Layout:
    """Records texts, operators and properties; refuses what this Blender's layout would refuse."""

    def __init__(self, log: list[tuple[str, str]]) -> None:
        object.__setattr__(self, "log", log)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in PROPERTIES, f"UILayout has no '{name}'"

    def __getattr__(self, name: str) -> Any:
        parameters = {it.identifier: it for it in FUNCTIONS[name].parameters if not it.is_output}

        def call(*arguments: Any, **options: Any) -> Any:
            given = dict(zip(parameters, arguments, strict=False)) | options
            assert set(given) <= set(parameters), f"UILayout.{name} knows no {set(given) - set(parameters)}"
            if "icon" in given:
                assert given["icon"] in parameters["icon"].enum_items, given["icon"]
            return self.record(name, given)

        return call

    def record(self, name: str, given: dict[str, Any]) -> Any:
        if name in ("row", "column", "box"):
            return Layout(self.log)
        if name == "prop":
            assert given["property"] in given["data"].bl_rna.properties
            self.log.append((name, given["property"]))
        elif name == "operator":
            self.log.append((name, given["operator"]))
            group, _, short = given["operator"].partition(".")
            names = getattr(getattr(bpy.ops, group), short).get_rna_type().properties.keys()
            return SimpleNamespace(**dict.fromkeys(names))
        else:
            self.log.append((name, given["text"]))
        return None


@pytest.fixture(autouse=True)
def _addon() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mdm_blender.register()
    yield
    mdm_blender.unregister()


def draw() -> list[tuple[str, str]]:
    """What the panel shows in a sidebar of the default width."""
    context = SimpleNamespace(
        scene=bpy.context.scene,
        view_layer=bpy.context.view_layer,
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),  # without a window Blender says 0
        region=SimpleNamespace(width=280),
    )
    log: list[tuple[str, str]] = []
    panel.MDM_PT_main.draw(SimpleNamespace(layout=Layout(log)), context)
    return log


def texts(log: list[tuple[str, str]]) -> list[str]:
    return [text for kind, text in log if kind in ("label", "progress")]


def operators(log: list[tuple[str, str]]) -> list[str]:
    return [name for kind, name in log if kind == "operator"]


def armature() -> Any:
    it = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(it)
    bpy.context.view_layer.objects.active = it
    return it


def test_without_an_armature_it_says_what_to_select() -> None:
    log = draw()
    assert any("armature" in text for text in texts(log))
    assert operators(log) == ["mdm.generate"]
    shown = [name for kind, name in log if kind == "prop"]
    assert shown == ["prompt", "seconds", "takes", "seed", "use_random_seed", "path"]


def test_an_armature_that_is_none_of_a_character_is_explained_once_it_was_looked_at() -> None:
    armature()
    assert any("Looking" in text for text in texts(draw()))
    detection._detect_asked()
    shown = texts(draw())
    assert shown[0] == "Rig"
    assert "bones" in " ".join(shown)
    assert all(len(text) <= 40 for text in shown), "a label that is cut off says nothing"


def test_drawing_changes_nothing_and_looks_at_no_bone(monkeypatch: pytest.MonkeyPatch) -> None:
    armature()

    def work(*_: Any) -> None:
        pytest.fail("draw() did work")

    monkeypatch.setattr(detection, "detect", work)
    monkeypatch.setattr(takes, "siblings", work)
    assert draw() == draw()


@pytest.mark.parametrize(
    ("stage", "step", "state", "words"),
    [
        ("starting", 0, jobs.State.RUNNING, "Starting"),
        ("loading", 0, jobs.State.RUNNING, "Loading the model"),
        ("generating", 12, jobs.State.RUNNING, "Step 12 of 50"),
        ("generating", 50, jobs.State.HOLDING, "Ready"),
    ],
)
def test_a_running_job_has_its_progress_and_a_cancel(
    monkeypatch: pytest.MonkeyPatch, stage: str, step: int, state: jobs.State, words: str
) -> None:
    generation = SimpleNamespace(stage=stage, step=step, steps=50, fraction=step / 50)
    monkeypatch.setattr(jobs.controller, "generation", generation)
    monkeypatch.setattr(jobs.controller, "state", state)
    log = draw()
    monkeypatch.undo()
    assert any(words in text for text in texts(log))
    assert operators(log) == ["mdm.cancel"]


def test_a_failure_is_shown_whole_and_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "The motion worker stopped unexpectedly (exit code -9: it left no message); generate again to start one."
    monkeypatch.setattr(jobs.controller, "failure", Failure(message, "details"))
    log = draw()
    assert message in " ".join(texts(log))
    assert operators(log) == ["mdm.generate", "mdm.copy_failure", "mdm.dismiss_failure"]


def test_takes_are_offered_where_there_are_several() -> None:
    rig = armature()
    rig.animation_data_create().action = action = bpy.data.actions.new("walks")
    for number, count in ((1, 1), (2, 3)):
        action[takes.GENERATION], action[takes.TAKE], action[takes.TAKES] = "x", number, count
        log = draw()
        assert ("Take 2 of 3" in texts(log)) == (count == 3)
        assert operators(log).count("mdm.step_take") == (2 if count == 3 else 0)


def test_the_output_panel_offers_what_apply_takes() -> None:
    log: list[tuple[str, str]] = []
    panel.MDM_PT_output.draw(SimpleNamespace(layout=Layout(log)), SimpleNamespace(scene=bpy.context.scene))
    names = ["destination", "root_motion", "controls", "use_foot_lock", "use_relaxed_hands"]
    assert log == [("prop", name) for name in names]
    settings = bpy.context.scene.mdm
    assert settings.apply_options() == ApplyOptions()
    settings.destination, settings.root_motion, settings.controls = "nla", "in_place", "fk_ik"
    settings.use_foot_lock = settings.use_relaxed_hands = False
    assert settings.apply_options() == ApplyOptions("in_place", False, False, "fk_ik", "nla")


def test_a_take_can_be_baked_and_says_what_could_not_be_done() -> None:
    rig = armature()
    rig.animation_data_create().action = action = bpy.data.actions.new("walks")
    assert "mdm.bake" not in operators(draw())
    action[takes.GENERATION], action[takes.TAKE], action[takes.TAKES] = "x", 1, 1
    action["mdm_notes"] = "Locked channels were left as they are."
    log = draw()
    assert "mdm.bake" in operators(log)
    assert "Locked channels" in " ".join(texts(log))
