"""What the panel asks for, saved with each scene. What a running job does is not here: `jobs` keeps that in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .apply import ApplyOptions, Controls
from .editing.rows import curve_property, facing_property
from .keys.targets import Destination
from .retarget import RootMotion

MAX_SEED = 2**31 - 1

ROOT_MOTION = (
    ("hips", "Hips", "The control of the hips carries the body over the ground"),
    ("root", "Root Bone", "The rig's root bone carries the body, for games and crowds"),
    ("object", "Object", "The armature object itself moves; its bones stay in place"),
    ("in_place", "In Place", "The body stays where it stands, for loops and game engines"),
)
CONTROLS = (
    ("fk", "FK", "Key the FK controls and switch the limbs to FK"),
    ("fk_ik", "FK and IK", "Also key the IK controls of arms and legs to match, so that either can be animated on"),
)
DESTINATIONS = (
    ("new_action", "New Action", "Make a new action; the one that the armature had is kept"),
    (
        "current_action",
        "Current Action",
        "Write into the armature's action: keys of the same channels and frames are replaced, all others stay",
    ),
    ("nla", "NLA Strip", "Make a new action and put it on a track of the NLA"),
)


class MDM_PG_settings(bpy.types.PropertyGroup):
    """Soft limits only: a length that the model can't make is refused with a sentence, never changed silently."""

    if TYPE_CHECKING:
        prompt: str
        seconds: float
        takes: int
        seed: int
        use_random_seed: bool
        path: Any
        facing: str
        root_motion: RootMotion
        use_foot_lock: bool
        use_relaxed_hands: bool
        controls: Controls
        destination: Destination
    else:
        prompt: bpy.props.StringProperty(
            name="Prompt",
            description='What the character does, in English: "a person sneaks forward and looks behind"',
            options={"TEXTEDIT_UPDATE"},
        )
        seconds: bpy.props.FloatProperty(
            name="Seconds",
            description="How long the motion is",
            default=6.0,
            soft_min=0.5,
            soft_max=9.8,
            step=50,
            precision=1,
        )
        takes: bpy.props.IntProperty(
            name="Takes",
            description="How many different motions to make; each becomes an action of its own",
            default=1,
            soft_min=1,
            soft_max=8,
        )
        seed: bpy.props.IntProperty(
            name="Seed", description="The same seed and prompt give the same motion", default=0, min=0, max=MAX_SEED
        )
        use_random_seed: bpy.props.BoolProperty(
            name="Random Seed", description="Another seed, and so another motion, each time", default=True
        )
        path: curve_property()
        facing: facing_property()
        root_motion: bpy.props.EnumProperty(
            name="Root Motion", description="What carries the body over the ground", items=ROOT_MOTION, default="hips"
        )
        use_foot_lock: bpy.props.BoolProperty(
            name="Lock Feet", description="Feet that stand do not slide, whatever the legs' length", default=True
        )
        use_relaxed_hands: bpy.props.BoolProperty(
            name="Relax Hands", description="Curl the fingers a little; the model knows no hands", default=True
        )
        controls: bpy.props.EnumProperty(
            name="Controls", description="Which controls of arms and legs get keys", items=CONTROLS, default="fk"
        )
        destination: bpy.props.EnumProperty(
            name="Keys To", description="Where the keys go", items=DESTINATIONS, default="new_action"
        )

    def apply_options(self) -> ApplyOptions:
        """How the motion is put on the rig, for `apply` and `api`."""
        return ApplyOptions(
            root_motion=self.root_motion,
            foot_lock=self.use_foot_lock,
            relax_hands=self.use_relaxed_hands,
            controls=self.controls,
            destination=self.destination,
        )
