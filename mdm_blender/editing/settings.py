"""What the Edit panel asks for, saved with each scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from mdm_core.skeleton import PARTS

from .chosen import selected_bones
from .plan import Ask, Kind
from .rows import MDM_PG_target, curve_property, facing_property

PART_ITEMS = tuple(
    (part, part.replace("_", " ").title(), f"The {part.replace('_', ' ')} may change", 1 << bit)
    for bit, part in enumerate(PARTS)
)
SCOPES = (
    ("all", "Whole Body", "Everything may change"),
    ("bones", "Selected Bones", "Only the selected pose bones may change"),
    ("parts", "Body Parts", "Only the chosen body parts may change"),
)
MARKS = (
    ("keys", "Own Keys", "Poses at keys that are not of the type Generated stay"),
    ("markers", "Markers", "Poses at the scene's timeline markers stay"),
)


LOOPS = (
    ("travel", "Travelling", "Each round goes on from where the one before has come to"),
    ("in_place", "In Place", "The way over the ground is taken out, for games and crowds"),
)


class MDM_PG_editing(bpy.types.PropertyGroup):
    """Frames that no action has are refused with a sentence, never changed silently."""

    if TYPE_CHECKING:
        prompt: str
        first: int
        last: int
        scope: str
        parts: set[str]
        marks: str
        blend: int
        vary: float
        seconds: float
        in_place: bool
        path: Any
        facing: str
        targets: Any
        active_target: int
        loop: str
        loop_range: bool
        loop_seconds: float
    else:
        prompt: bpy.props.StringProperty(
            name="Prompt",
            description='What happens in these frames, in English: "waves with the right hand"; empty leaves it open',
            options={"TEXTEDIT_UPDATE"},
        )
        first: bpy.props.IntProperty(name="First", description="First frame that may change", default=1)
        last: bpy.props.IntProperty(name="Last", description="Last frame that may change", default=60)
        scope: bpy.props.EnumProperty(name="Change", description="What of the body may change", items=SCOPES)
        parts: bpy.props.EnumProperty(
            name="Body Parts",
            description="The parts that may change",
            items=PART_ITEMS,
            options={"ENUM_FLAG"},
            default={"right_arm"},
        )
        marks: bpy.props.EnumProperty(name="Keep", description="Which poses stay in an in-between", items=MARKS)
        blend: bpy.props.IntProperty(
            name="Blend",
            description="Frames inside the range over which the old motion fades out and in again",
            default=5,
            min=0,
            soft_max=20,
        )
        vary: bpy.props.FloatProperty(
            name="Strength",
            description="How far a variation may go from the motion that is there",
            default=0.4,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
        seconds: bpy.props.FloatProperty(
            name="Seconds",
            description="How much is added after the last key, or before the first",
            default=2.0,
            min=0.2,
            soft_max=8.0,
        )
        in_place: bpy.props.BoolProperty(
            name="Edit in Place",
            description="Write into the action itself; otherwise the edit goes to a copy and the original is kept",
        )
        path: curve_property()
        facing: facing_property()
        targets: bpy.props.CollectionProperty(type=MDM_PG_target)
        active_target: bpy.props.IntProperty(name="Active Target")
        loop: bpy.props.EnumProperty(name="Loop", description="What the loop does over the ground", items=LOOPS)
        loop_range: bpy.props.BoolProperty(
            name="Range Only", description="Make a loop of the range above, instead of the whole action"
        )
        loop_seconds: bpy.props.FloatProperty(
            name="Remade",
            description="Seconds at the end that are made anew, to lead back into the start",
            default=1.0,
            min=0.3,
            soft_max=3.0,
        )

    def ask(self, kind: Kind, armature: Any, *, varied: bool = False) -> Ask:
        """What the panel shows, as plain data; without a seed and without the poses that stay."""
        whole = kind in ("extend", "lead_in", "loop")
        return Ask(
            kind=kind,
            prompt=self.prompt.strip(),
            frames=None if whole and not (kind == "loop" and self.loop_range) else (self.first, self.last),
            bones=selected_bones(armature) if self.scope == "bones" and not whole else (),
            parts=tuple(part for part in PARTS if part in self.parts) if self.scope == "parts" and not whole else (),
            blend=self.blend if kind == "regenerate" else 0,
            vary=self.vary if varied else None,
            loop="travel" if kind == "loop" and self.loop == "travel" else "in_place" if kind == "loop" else "",
            seconds=self.loop_seconds if kind == "loop" else self.seconds,
            in_place=self.in_place and kind != "loop",
        )
