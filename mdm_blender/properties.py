"""What the panel asks for, saved with each scene. What a running job does is not here: `jobs` keeps that in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

MAX_SEED = 2**31 - 1


class MDM_PG_settings(bpy.types.PropertyGroup):
    """Soft limits only: a length that the model can't make is refused with a sentence, never changed silently."""

    if TYPE_CHECKING:
        prompt: str
        seconds: float
        takes: int
        seed: int
        use_random_seed: bool
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
