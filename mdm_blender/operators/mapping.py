"""Rig Mapping: choosing bones by hand, detecting again, and mappings as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES

from .. import scene
from ..rig import RigMap, detect
from ..rig.saved import ROOT, from_text, keep, text_of, to_text, unknown_bones, with_bone
from .base import MotionOperator

SUFFIX = ".json"


def chosen(armature: Any) -> RigMap:
    """The armature's mapping as it is edited: the saved one, else the detected one, else an empty one."""
    text = text_of(armature)
    if text:
        return from_text(text)
    try:
        return detect(armature)
    except MotionError:
        return RigMap("", {}, 0.0)


def choose(armature: Any, joint: str, bone: str) -> None:
    """Gives the joint (or "root") another bone, "" for none, and keeps the mapping with the armature object."""
    if joint != ROOT and joint not in JOINT_NAMES:
        raise MotionError(f"There is no joint called “{joint}”.")
    if bone and bone not in armature.data.bones:
        raise MotionError(f"“{armature.name}” has no bone called “{bone}”.")
    keep(armature, to_text(with_bone(chosen(armature), joint, bone)))
    scene.redraw_panels()


class MappingOperator(MotionOperator):
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return scene.active_armature(context) is not None


class JointOperator(MappingOperator):
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    if TYPE_CHECKING:
        joint: str
    else:
        joint: bpy.props.StringProperty(name="Joint", description="Joint of the body, such as left_knee, or root")


class MDM_OT_pick_bone(JointOperator):
    """Use the active bone of Pose Mode for this joint"""

    bl_idname = "mdm.pick_bone"
    bl_label = "Use Active Bone"

    def run(self, context: Any) -> None:
        armature = scene.needed_armature(context)
        bone = armature.data.bones.active
        if bone is None:
            raise MotionError("Select a bone of this armature in Pose Mode, then pick it here.")
        choose(armature, self.joint, bone.name)


class MDM_OT_clear_bone(JointOperator):
    """Leave this joint without a bone: it keeps still"""

    bl_idname = "mdm.clear_bone"
    bl_label = "No Bone"

    def run(self, context: Any) -> None:
        choose(scene.needed_armature(context), self.joint, "")


class MDM_OT_detect_rig(MappingOperator):
    """Forget the bones that were chosen by hand and look at the rig again"""

    bl_idname = "mdm.detect_rig"
    bl_label = "Detect Again"

    def run(self, context: Any) -> None:
        armature = scene.needed_armature(context)
        keep(armature, "")
        scene.redraw_panels()


class FileOperator(MappingOperator):
    """Asks for the file in Blender's file browser, where no path is given."""

    if TYPE_CHECKING:
        filepath: str
    else:
        filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[Any]:
        if not self.filepath:
            self.filepath = f"{bpy.path.clean_name(scene.needed_armature(context).name)}{SUFFIX}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class MDM_OT_export_mapping(FileOperator):
    """Write this rig's mapping to a file, for other characters with the same bones"""

    bl_idname = "mdm.export_mapping"
    bl_label = "Export Mapping"
    bl_options = {"REGISTER"}
    if not TYPE_CHECKING:
        check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def run(self, context: Any) -> None:
        armature = scene.needed_armature(context)
        rig_map = chosen(armature)
        if not rig_map.bones:
            raise MotionError(f"“{armature.name}” has no mapping yet: choose its bones first.")
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), SUFFIX))
        try:
            path.write_text(to_text(rig_map) + "\n", encoding="utf-8")
        except OSError as error:
            raise MotionError(f"The mapping could not be written to {path.name}: {error.strerror}.") from error


class MDM_OT_import_mapping(FileOperator):
    """Read this rig's mapping from a file"""

    bl_idname = "mdm.import_mapping"
    bl_label = "Import Mapping"

    def run(self, context: Any) -> None:
        armature = scene.needed_armature(context)
        path = Path(bpy.path.abspath(self.filepath))
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise MotionError(f"The mapping could not be read from {path.name}: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise MotionError(f"{path.name} is not a rig mapping: it does not hold text.") from error
        rig_map = from_text(text)
        unknown = unknown_bones(rig_map, armature.data.bones)
        if unknown:
            raise MotionError(
                f"The mapping in {path.name} is for another rig: “{armature.name}” has no {_listed(unknown)}."
            )
        keep(armature, to_text(rig_map))
        scene.redraw_panels()


def _listed(names: list[str]) -> str:
    """A few of the names, and how many more."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


CLASSES: tuple[type, ...] = (
    MDM_OT_pick_bone,
    MDM_OT_clear_bone,
    MDM_OT_detect_rig,
    MDM_OT_export_mapping,
    MDM_OT_import_mapping,
)
