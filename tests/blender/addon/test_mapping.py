"""Rig Mapping in real Blender: chosen bones are kept, saved, used, exported and imported; the panel draws them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

import mdm_blender
from mdm_blender import api, detection
from mdm_blender.apply import apply_motion
from mdm_blender.rig.saved import PROPERTY
from mdm_blender.ui import mapping, panel
from mdm_core.motion import Motion
from tests.blender.addon.test_panel import Layout
from tests.blender.conftest import build
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES


def look(armature: Any) -> detection.Detected:
    """What the timer does between two redraws."""
    detection.lookup(armature)
    if detection.lookup(armature) is None:
        detection._detect_asked()
    found = detection.lookup(armature)
    assert found is not None
    return found


def refused(call: Any, **options: Any) -> str:
    """The sentence with which an operator cancels."""
    with pytest.raises(RuntimeError) as error:
        call(**options)
    return str(error.value).removeprefix("Error: ").strip()


def test_fields_show_what_was_detected(rig: Any) -> None:
    assert rig.mdm_mapping.left_knee == ""
    look(rig)
    assert rig.mdm_mapping.left_knee == "mixamorig:LeftLeg"
    assert rig.mdm_mapping.root == ""
    assert PROPERTY not in rig


def test_a_chosen_bone_is_used_and_leaves_its_old_joint(rig: Any) -> None:
    look(rig)
    rig.mdm_mapping.head = "mixamorig:Neck"
    found = api.detect(rig)
    assert found.edited and found.bones["head"] == "mixamorig:Neck"
    assert "neck" not in found.bones
    assert rig.mdm_mapping.head == "mixamorig:Neck" and rig.mdm_mapping.neck == ""
    rig.mdm_mapping.head = "no such bone"
    assert rig.mdm_mapping.head == "mixamorig:Neck"
    rig.mdm_mapping.head = ""
    assert "head" not in api.detect(rig).bones


def keyed_bones(action: Any) -> set[str]:
    from mdm_blender import compat

    channels = compat.channels_of(action, bpy.context.object)
    assert channels is not None
    return {curve.data_path.split('"')[1] for curve in channels.fcurves if curve.data_path.startswith("pose.bones")}


def test_a_cleared_joint_gets_no_keys(rig: Any, walk: Motion) -> None:
    bpy.ops.mdm.clear_bone(joint="left_wrist")
    assert "mixamorig:LeftHand" not in keyed_bones(apply_motion(rig, walk, frame_start=1, action_name="walk"))


@pytest.fixture
def walk() -> Motion:
    """Eight frames of standing; which bones get keys is all that matters."""
    from mdm_core.skeleton import BONE_LENGTHS, PARENTS, RAW_OFFSETS

    places = np.zeros((22, 3))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            places[joint] = places[parent] + BONE_LENGTHS[joint] * RAW_OFFSETS[joint]
    places[:, 1] -= places[:, 1].min()
    return Motion(np.repeat(places[None], 8, axis=0).astype(np.float32), fps=20.0)


def test_the_active_bone_is_picked(rig: Any) -> None:
    bpy.ops.object.mode_set(mode="POSE")
    rig.data.bones.active = rig.data.bones["mixamorig:Spine"]
    bpy.ops.mdm.pick_bone(joint="root")
    assert api.detect(rig).root == "mixamorig:Spine"
    rig.data.bones.active = None
    assert refused(bpy.ops.mdm.pick_bone, joint="head").startswith("Select a bone")


def test_detect_again_forgets_the_choice(rig: Any) -> None:
    before = api.detect(rig)
    bpy.ops.mdm.clear_bone(joint="head")
    assert "head" not in api.detect(rig).bones
    bpy.ops.mdm.detect_rig()
    assert api.detect(rig) == before


@pytest.mark.usefixtures("rig")
def test_undo_and_redo() -> None:
    bpy.ops.ed.undo_push(message="set up")
    bpy.ops.mdm.clear_bone("EXEC_DEFAULT", True, joint="head")
    assert "head" not in api.detect(bpy.data.objects["Rig"]).bones
    bpy.ops.ed.undo()
    assert api.detect(bpy.data.objects["Rig"]).bones["head"] == "mixamorig:Head"
    bpy.ops.ed.redo()
    assert "head" not in api.detect(bpy.data.objects["Rig"]).bones


@pytest.mark.usefixtures("addon")
def test_it_is_saved_with_the_file_and_read_without_the_add_on(tmp_path: Path) -> None:
    from tests.blender.addon.scene import mixamo

    rig = mixamo()
    bpy.ops.mdm.clear_bone(joint="left_foot")
    chosen = api.detect(rig)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    mdm_blender.unregister()
    try:
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
        assert api.detect(bpy.data.objects["Rig"]) == chosen
        assert "left_foot" not in chosen.bones
    finally:
        mdm_blender.register()
    assert bpy.data.objects["Rig"].mdm_mapping.left_foot == ""


@pytest.mark.usefixtures("addon")
def test_on_a_library_override_it_is_saved_too(tmp_path: Path) -> None:
    from tests.blender.addon.scene import mixamo

    mixamo()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Rig"]
    linked = bpy.data.objects["Rig"]
    bpy.context.scene.collection.objects.link(linked)
    override = linked.override_create(remap_local_usages=True)
    assert override is not None
    bpy.context.view_layer.objects.active = override
    bpy.ops.mdm.clear_bone(joint="head")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    override = next(it for it in bpy.data.objects if it.override_library)
    assert "head" not in api.detect(override).bones
    bpy.context.view_layer.objects.active = override
    bpy.ops.mdm.detect_rig()
    assert "head" in api.detect(override).bones


def test_a_renamed_bone_is_told_in_the_panel(rig: Any) -> None:
    bpy.ops.mdm.clear_bone(joint="head")
    rig.data.bones["mixamorig:LeftToeBase"].name = "Toes"
    assert "LeftToeBase" in api.detect(rig).problems[0]
    rig.data.bones["mixamorig:LeftUpLeg"].name = "Thigh"
    assert "left hip" in look(rig).problem


def test_exported_and_imported_on_another_rig(rig: Any, tmp_path: Path) -> None:
    path = tmp_path / "mapping"
    bpy.ops.mdm.clear_bone(joint="right_wrist")
    bpy.ops.mdm.export_mapping(filepath=str(path))
    written = json.loads((tmp_path / "mapping.json").read_text(encoding="utf-8"))
    assert written["bones"]["head"] == "mixamorig:Head" and "right_wrist" not in written["bones"]
    from tests.blender.addon.scene import mixamo

    other = mixamo("Other")
    bpy.ops.mdm.import_mapping(filepath=str(tmp_path / "mapping.json"))
    assert api.detect(other) == api.detect(rig)


@pytest.mark.parametrize("content", [b"not json", b"{}", b"\xff\xfe\x00", b'{"format": "mdm-rig-map", "version": 9}'])
def test_a_bad_file_is_one_sentence_and_changes_nothing(rig: Any, tmp_path: Path, content: bytes) -> None:
    bpy.ops.mdm.clear_bone(joint="head")
    before = rig[PROPERTY]
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    said = refused(bpy.ops.mdm.import_mapping, filepath=str(path))
    assert said.count("\n") == 0 and said.endswith(".")
    assert "no such" in refused(bpy.ops.mdm.import_mapping, filepath=str(tmp_path / "gone.json")).lower()
    assert rig[PROPERTY] == before


@pytest.mark.usefixtures("rig")
def test_a_mapping_of_another_rig_is_refused(tmp_path: Path) -> None:
    bpy.ops.mdm.export_mapping(filepath=str(tmp_path / "mixamo.json"))
    unreal = next(table for table in TABLES if table.label == "Unreal 4 mannequin")
    other = build(list(known_rigs.build(unreal).bones), "Manny")
    assert "Manny" in refused(bpy.ops.mdm.import_mapping, filepath=str(tmp_path / "mixamo.json"))
    assert PROPERTY not in other


def test_what_is_no_joint_or_bone_is_refused(rig: Any) -> None:
    rig.data.bones.active = rig.data.bones["mixamorig:Head"]
    assert "“tail”" in refused(bpy.ops.mdm.pick_bone, joint="tail")
    assert PROPERTY not in rig


# ---- the panel -----------------------------------------------------------------------------------------------------


class Rows(Layout):
    """Also knows searches and splits."""

    def record(self, name: str, given: dict[str, Any]) -> Any:
        if name == "split":
            return Rows(self.log)
        if name == "prop_search":
            assert given["property"] in given["data"].bl_rna.properties
            assert given["search_property"] in given["search_data"].bl_rna.properties
            self.log.append((name, given["property"]))
            return None
        if name == "label":
            self.log.append((given.get("icon", "NONE"), given["text"]))
            return None
        return Rows(self.log) if name in ("row", "column", "box") else super().record(name, given)


def drawn(armature: Any) -> list[tuple[str, str]]:
    log: list[tuple[str, str]] = []
    found = detection.lookup(armature)
    mapping.draw_state(Rows(log), found, 40)
    for _, joints in mapping.GROUPS:
        for joint in joints:
            mapping.draw_joint(Rows(log), armature, mapping.shown(armature), found, joint)
    return log


def test_a_row_a_joint(rig: Any) -> None:
    look(rig)
    log = drawn(rig)
    searched = [name for kind, name in log if kind == "prop_search"]
    assert len(searched) == len(set(searched)) == 23
    assert ("CHECKMARK", "100 % sure") in log
    assert sum(kind == "CHECKMARK" for kind, _ in log) == 1 + len(api.detect(rig).bones)
    bpy.ops.mdm.clear_bone(joint="head")
    look(rig)
    assert ("ERROR", "Head") in drawn(rig) and ("GREASEPENCIL", "Chosen by hand") in drawn(rig)


@pytest.mark.usefixtures("addon")
def test_a_doubtful_rig_asks_in_the_main_panel() -> None:
    short = next(table for table in TABLES if table.label == "BVH, short spine, no toes")
    known = known_rigs.random_names(known_rigs.build(short), 0)
    armature = build(list(known.bones), "Doubtful")
    assert look(armature).warning
    log: list[tuple[str, str]] = []
    panel.draw_armature(Rows(log), armature, 200)
    assert any(icon == "ERROR" and "check them in Rig Mapping" in text for icon, text in log)
    assert any("guess" in text for _, text in drawn(armature))


def test_a_sure_rig_does_not_ask(rig: Any) -> None:
    assert look(rig).warning == ""
