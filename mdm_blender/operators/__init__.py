"""The operators `bpy.ops.mdm.*`: thin, one file a subject. What they do is done in the modules above this package."""

from __future__ import annotations

from . import generate, mapping, report, take

CLASSES: tuple[type, ...] = (*generate.CLASSES, *take.CLASSES, *mapping.CLASSES, *report.CLASSES)
