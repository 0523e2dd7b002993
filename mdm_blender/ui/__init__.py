"""What the add-on draws. draw() reads what is known and does no work."""

from __future__ import annotations

from . import constraints, editing, mapping, panel, timeline

CLASSES: tuple[type, ...] = (
    *panel.CLASSES,
    *timeline.CLASSES,
    *editing.CLASSES,
    *constraints.CLASSES,
    *mapping.CLASSES,
)
