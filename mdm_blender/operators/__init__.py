"""The operators `bpy.ops.mdm.*`: thin, one file a subject. What they do is done in the modules above this package."""

from __future__ import annotations

from . import bake, edit, edit_loop, edit_timeline, generate, mapping, report, take

CLASSES: tuple[type, ...] = (
    *generate.CLASSES,
    *edit.CLASSES,
    *edit_timeline.CLASSES,
    *edit_loop.CLASSES,
    *take.CLASSES,
    *bake.CLASSES,
    *mapping.CLASSES,
    *report.CLASSES,
)
