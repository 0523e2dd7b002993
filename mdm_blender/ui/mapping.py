"""The "Rig Mapping" sub-panel: a row a joint, which shows the detected bone or the one chosen by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES

from .. import detection, scene
from ..operators.mapping import choose
from ..rig import RigMap
from ..rig.family import COUNTED
from ..rig.saved import ROOT, from_text, text_of
from .panel import draw_text, line_length

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Body", (ROOT, "pelvis", "spine1", "spine2", "spine3", "neck", "head")),
    ("Left Arm", ("left_collar", "left_shoulder", "left_elbow", "left_wrist")),
    ("Right Arm", ("right_collar", "right_shoulder", "right_elbow", "right_wrist")),
    ("Left Leg", ("left_hip", "left_knee", "left_ankle", "left_foot")),
    ("Right Leg", ("right_hip", "right_knee", "right_ankle", "right_foot")),
)
LABELS = {
    ROOT: "Master", "spine1": "Lower Spine", "spine2": "Middle Spine", "spine3": "Chest", "collar": "Collar",
    "shoulder": "Upper Arm", "elbow": "Forearm", "wrist": "Hand", "hip": "Thigh", "knee": "Shin", "ankle": "Foot",
    "foot": "Toes",
}  # fmt: skip
"""What animators call the bone that turns at a joint."""


def label(joint: str) -> str:
    """`left_knee` -> `Shin`."""
    return LABELS.get(joint) or LABELS.get(joint.rpartition("_")[2]) or joint.title()


def shown(armature: Any) -> RigMap | None:
    """The mapping to be drawn: chosen by hand, even if it lacks a leg, or found; without looking at the rig."""
    text = text_of(armature)
    if text:
        try:
            return from_text(text)
        except MotionError:
            return None
    found = detection.lookup(armature)
    return None if found is None else found.rig_map


def bone_of(rig_map: RigMap | None, joint: str) -> str:
    if rig_map is None:
        return ""
    return (rig_map.root or "") if joint == ROOT else rig_map.bones.get(joint, "")


def _getter(joint: str) -> Callable[[Any], str]:
    return lambda group: bone_of(shown(group.id_data), joint)


def _setter(joint: str) -> Callable[[Any, str], None]:
    def choose_bone(group: Any, bone: str) -> None:
        if bone != bone_of(shown(group.id_data), joint) and (not bone or bone in group.id_data.data.bones):
            choose(group.id_data, joint, bone)

    return choose_bone


class MDM_PG_mapping(bpy.types.PropertyGroup):
    """A field a joint. It keeps nothing itself: what is chosen is kept by `rig.saved`."""

    __annotations__ = {
        joint: bpy.props.StringProperty(
            name=label(joint),
            description=f"Bone for “{joint.replace('_', ' ')}”",
            get=_getter(joint),
            set=_setter(joint),
            options=set(),
        )
        for joint in (ROOT, *JOINT_NAMES)
    }


class MDM_PT_mapping(bpy.types.Panel):
    bl_idname = "MDM_PT_mapping"
    bl_parent_id = "MDM_PT_main"
    bl_label = "Rig Mapping"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MDM"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 20

    @classmethod
    def poll(cls, context: Any) -> bool:
        return scene.active_armature(context) is not None

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        armature = scene.active_armature(context)
        found = detection.lookup(armature)
        letters = line_length(context)
        draw_state(layout, found, letters)
        rig_map = shown(armature)
        for title, joints in GROUPS:
            column = layout.column(align=True)
            column.label(text=title)
            for joint in joints:
                draw_joint(column, armature, rig_map, found, joint)
        row = layout.row(align=True)
        row.operator("mdm.detect_rig", icon="FILE_REFRESH")
        row.operator("mdm.import_mapping", text="", icon="IMPORT")
        row.operator("mdm.export_mapping", text="", icon="EXPORT")


def draw_state(layout: Any, found: detection.Detected | None, letters: int) -> None:
    """How the bones were found, and how sure that is."""
    if found is None:
        return
    column = layout.column(align=True)
    if found.rig_map is None:
        draw_text(column, found.problem, letters, icon="ERROR")
    elif found.rig_map.edited:
        column.label(text="Chosen by hand", icon="GREASEPENCIL")
    else:
        icon = "CHECKMARK" if found.rig_map.certain else "QUESTION"
        column.label(text=f"{100 * found.rig_map.confidence:.0f} % sure", icon=icon)
        if not found.rig_map.certain:
            for reason in found.rig_map.reasons:
                draw_text(column, reason[:1].upper() + reason[1:], letters, icon="BLANK1")


def draw_joint(
    layout: Any, armature: Any, rig_map: RigMap | None, found: detection.Detected | None, joint: str
) -> None:
    """State, bone (its field has a cross that clears it), and the button that takes the active bone."""
    bone = bone_of(rig_map, joint)
    split = layout.row(align=True).split(factor=0.42, align=True)
    split.label(text=label(joint), icon=state_icon(armature, found, joint, bone))
    fields = split.row(align=True)
    fields.prop_search(armature.mdm_mapping, joint, armature.data, "bones", text="")
    fields.operator("mdm.pick_bone", text="", icon="RESTRICT_SELECT_OFF").joint = joint


def state_icon(armature: Any, found: detection.Detected | None, joint: str, bone: str) -> str:
    """Mapped, doubtful, missing though needed, or not there and not missed."""
    if bone and bone not in armature.data.bones:
        return "ERROR"
    if not bone:
        return "ERROR" if joint in COUNTED else "BLANK1"
    doubtful = found is not None and found.rig_map is not None and joint in found.rig_map.doubts
    return "QUESTION" if doubtful else "CHECKMARK"


CLASSES: tuple[type, ...] = (MDM_PG_mapping, MDM_PT_mapping)


def register() -> None:
    """After CLASSES."""
    object_type: Any = bpy.types.Object
    object_type.mdm_mapping = bpy.props.PointerProperty(type=MDM_PG_mapping)


def unregister() -> None:
    object_type: Any = bpy.types.Object
    del object_type.mdm_mapping
