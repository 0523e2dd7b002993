"""Family: a known kind of rig as a table of names. The tables are in `families/`, the matching in `matching.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PAIRED = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
"""Joints that a table names once, with `{side}` in the bone's name; they become left_* and right_*."""

REQUIRED = ("pelvis",) + tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee"))
"""Without these a rig cannot carry a motion."""

EXPECTED = REQUIRED + tuple(
    f"{side}_{joint}" for side in ("left", "right") for joint in ("ankle", "shoulder", "elbow", "wrist")
)
"""Without these it can, but a part of the body stays still: counted in the confidence, with spine3 and head."""


@dataclass(frozen=True)
class SwitchRule:
    """A custom property that must have `value` for the keyed controls to act, on the bone `bone` (with `{side}`)."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True)
class Family:
    """A kind of rig.

    joints: SMPL joint (paired ones without the side) -> names of the bone that turns there, best first.
    sides: what `{side}` stands for on the left and on the right.
    prefix: a regular expression for what may stand before every name.
    root: names of a control above the pelvis that carries the body's place (and is turned with the pelvis);
        empty where the pelvis bone itself does.
    fingers: names of finger bones with `{side}`, for a relaxed hand: (finger, joints from the knuckle out).
    """

    name: str
    joints: Mapping[str, tuple[str, ...]]
    sides: tuple[tuple[str, str], ...]
    prefix: str = ""
    root: tuple[str, ...] = ()
    switches: tuple[SwitchRule, ...] = ()
    fingers: tuple[tuple[str, ...], ...] = ()
    generated_by_rigify: bool = False
    parents: Mapping[str, str] = field(default_factory=dict[str, str])
    """Joints whose nearest mapped ancestor is not the SMPL one: joint, without its side, -> joint ("root" for the
    root control)."""
