"""What a model's numbers mean: denormalised features to positions and contacts, by the card's "representation"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d, kit, smpl_rot6d
from mdm_core.features.layout import WIDTH, Layout

Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Decoding:
    """width: features a frame. positions: features [T, D] to [T, 22, 3]; contacts: its columns of contacts, or None.

    layout: of HumanML3D's features, which edits need; None for others.
    """

    width: int
    positions: Callable[[Numbers], Numbers]
    contacts: slice | None = None
    layout: Layout | None = None


def of(card: dict[str, Any]) -> Decoding:
    """The decoding of a model; a MotionError if its card contradicts itself or names an unknown representation."""
    features, made = card["features"], known(card["features"])
    if made is None:
        raise MotionError(
            f'The card of "{card["name"]}" has the representation "{features.get("representation")}", which this '
            "version does not know; update it."
        )
    if made.width != card["architecture"]["features"]:
        raise MotionError(f'The card of "{card["name"]}" contradicts itself on its features; install the model again.')
    return made


def known(features: dict[str, Any]) -> Decoding | None:
    """The decoding of a card's "features", or None."""
    match features.get("representation"):
        case "humanml3d":
            return humanml3d_of(Layout(tuple(features["groups"])))
        case "smpl_rot6d":
            return Decoding(smpl_rot6d.WIDTH, smpl_rot6d.recover_positions)
        case "kit":
            return Decoding(kit.WIDTH, kit.recover_positions, kit.CONTACTS)
        case _:
            return None


def humanml3d_of(layout: Layout) -> Decoding:
    """HumanML3D's features, or a sub-set of their groups."""

    def positions(features: Numbers) -> Numbers:
        full = np.zeros((len(features), WIDTH), dtype=np.float64)
        full[:, layout.columns] = features
        return humanml3d.recover_positions(full)

    return Decoding(layout.width, positions, layout.slice("contact") if "contact" in layout.groups else None, layout)
