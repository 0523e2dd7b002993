"""The labels of the action models: their names in the order in which the models number them (spec/mdm.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdm_core.errors import MotionError

HUMANACT12 = (
    *("warm_up", "walk", "run", "jump", "drink", "lift_dumbbell", "sit", "eat"),
    *("turn steering wheel", "phone", "boxing", "throw"),
)
NAMES: dict[str, tuple[str, ...]] = {"humanact12": HUMANACT12}
"""By a card's "data". UESTC's names are in its dataset alone; its labels are asked for by number."""


def names_of(card: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a model's actions in their order, as its card or its data has them; empty where nobody says."""
    return tuple(card.get("actions", NAMES.get(str(card.get("data")), ())))


def label(asked: str, card: Mapping[str, Any]) -> int:
    """The number of an action of a card's model by its name or number; a MotionError lists what there is."""
    names, count = names_of(card), int(card["architecture"]["actions"])
    plain = asked.strip().lower().replace("_", " ")
    for number, name in enumerate(names[:count]):
        if name.replace("_", " ") == plain:
            return number
    if plain.isascii() and plain.isdigit() and int(plain) < count:
        return int(plain)
    there = ", ".join(names[:count]) or f"0 to {count - 1}"
    raise MotionError(f'This model knows no action "{asked[:60]}"; it knows {there}.')
