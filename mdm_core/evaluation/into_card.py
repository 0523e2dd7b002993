"""What was measured of a model, kept in its own card beside the command that measures it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdm_core.checkpoints.bundle import CARD, find, read_card, write_card
from mdm_core.errors import MotionError


def check(model: str) -> Path:
    """The folder of a model whose card can be written; a MotionError if it has none."""
    folder = find(model)
    if not (folder / CARD).is_file():
        raise MotionError(f"{model} has no card to keep measures in; `mdm models add` makes a bundle with one of it.")
    return folder


def store(folder: Path, name: str, command: str, numbers: dict[str, Any]) -> None:
    """Puts `numbers` and the command under "metrics", in place of those of the same name."""
    card = read_card(folder)
    write_card(folder, {**card, "metrics": {**card.get("metrics", {}), name: {"command": command, **numbers}}})
