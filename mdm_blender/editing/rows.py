"""What the panel keeps in rows, saved with each scene: the prompts of a timeline, and the targets of single joints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy

from .path import Way, read_way

FACINGS = (
    ("along", "Along the Path", "The character looks where it goes"),
    ("free", "Free", "The model decides where the character looks"),
)
JOINT_ITEMS = tuple(
    (joint, label, f"The {label.lower()} is at the target")
    for joint, label in (
        ("right_wrist", "Right Hand"), ("left_wrist", "Left Hand"), ("right_ankle", "Right Foot"),
        ("left_ankle", "Left Foot"), ("right_foot", "Right Toes"), ("left_foot", "Left Toes"), ("pelvis", "Hips"),
        ("head", "Head"), ("right_elbow", "Right Elbow"), ("left_elbow", "Left Elbow"), ("right_knee", "Right Knee"),
        ("left_knee", "Left Knee"), ("right_shoulder", "Right Shoulder"), ("left_shoulder", "Left Shoulder"),
        ("spine3", "Chest"), ("neck", "Neck"),
    )
)  # fmt: skip
"""What animators call the bone whose head is the joint."""


def is_curve(_settings: Any, thing: Any) -> bool:
    return thing.type == "CURVE"


def curve_property() -> Any:
    """A field for the curve that is the path of the hips."""
    return bpy.props.PointerProperty(
        type=bpy.types.Object,
        name="Path",
        description="A curve that the hips follow at an even speed; its heights do not matter",
        poll=is_curve,
    )


def facing_property() -> Any:
    return bpy.props.EnumProperty(name="Facing", description="Where the character looks on the path", items=FACINGS)


def way_of(settings: Any) -> Way | None:
    """The path that is chosen in settings with `path` and `facing`, as it is now."""
    return None if settings.path is None else read_way(settings.path, settings.facing)


class MDM_PG_prompt(bpy.types.PropertyGroup):
    """One prompt of the timeline."""

    if TYPE_CHECKING:
        prompt: str
        first: int
        last: int
    else:
        prompt: bpy.props.StringProperty(
            name="Prompt", description="What happens in these frames", options={"TEXTEDIT_UPDATE"}
        )
        first: bpy.props.IntProperty(name="Start", description="The first frame of this prompt", default=1)
        last: bpy.props.IntProperty(name="End", description="The last frame of this prompt", default=60)


class MDM_PG_timeline(bpy.types.PropertyGroup):
    """Prompts one after the other."""

    if TYPE_CHECKING:
        rows: Any
        active: int
    else:
        rows: bpy.props.CollectionProperty(type=MDM_PG_prompt)
        active: bpy.props.IntProperty(name="Active Prompt")

    def given(self) -> list[tuple[str, int, int]]:
        return [(row.prompt, row.first, row.last) for row in self.rows]

    def replaced(self, rows: list[tuple[str, int, int]]) -> None:
        """Makes these the rows."""
        self.rows.clear()
        for prompt, first, last in rows:
            row = self.rows.add()
            row.prompt, row.first, row.last = prompt, first, last
        self.active = max(0, len(rows) - 1)


class MDM_PG_target(bpy.types.PropertyGroup):
    """A joint that is at an object, or at a bone, at a frame."""

    if TYPE_CHECKING:
        use: bool
        joint: str
        frame: int
        target: Any
        bone: str
    else:
        use: bpy.props.BoolProperty(name="Use", description="Whether the edit goes by this target", default=True)
        joint: bpy.props.EnumProperty(name="Joint", description="What is at the target", items=JOINT_ITEMS)
        frame: bpy.props.IntProperty(name="Frame", description="The frame at which it is there", default=1)
        target: bpy.props.PointerProperty(
            type=bpy.types.Object, name="Target", description="An empty, or another object, that marks the place"
        )
        bone: bpy.props.StringProperty(name="Bone", description="The bone of the armature that marks the place")

    def marked(self) -> Any:
        """What marks the place: the object or a bone of it; None where nothing is chosen."""
        if self.target is None or self.target.type != "ARMATURE" or not self.bone:
            return self.target
        return self.target.pose.bones.get(self.bone)


def targets_in(rows: Any, why: Callable[[str], Exception]) -> list[tuple[str, int, Any]]:
    """The rows that are switched on, as `goals.read_goals` takes them. why: is raised for a row without a target."""
    labels = {joint: label.lower() for joint, label, _ in JOINT_ITEMS}
    found: list[tuple[str, int, Any]] = []
    for row in rows:
        if row.use:
            if row.marked() is None:
                raise why(
                    f"The target of the {labels[row.joint]} at frame {row.frame} is not chosen: pick an object or bone."
                )
            found.append((row.joint, row.frame, row.marked()))
    return found


CLASSES: tuple[type, ...] = (MDM_PG_prompt, MDM_PG_timeline, MDM_PG_target)
