"""What the add-on draws. draw() reads what is known and does no work."""

from __future__ import annotations

from . import editing, mapping, panel

CLASSES: tuple[type, ...] = (*panel.CLASSES, *editing.CLASSES, *mapping.CLASSES)
