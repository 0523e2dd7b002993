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

COUNTED = (*EXPECTED, "spine3", "head")


@dataclass(frozen=True)
class SwitchRule:
    """A custom property that must have `value` for the keyed controls to act, on the bone `bone` (with `{side}`)."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True)
class Family:
    """A kind of rig.

    joints: SMPL joint (paired ones without the side) -> names of the bone that turns there, best first. Case,
        separators, how sides are spelled and what stands before or behind every name are not looked at (`names`).
    sides: what `{side}` stands for on the left and on the right, as the family itself writes it.
    root: names of a control above the pelvis that carries the body's place (and is turned with the pelvis);
        empty where the pelvis bone itself does.
    fingers: names of finger bones with `{side}`, for a relaxed hand: (finger, joints from the knuckle out).
    marks: bones that tell this family from another with the same joints.
    """

    name: str
    joints: Mapping[str, tuple[str, ...]]
    sides: tuple[tuple[str, str], ...]
    root: tuple[str, ...] = ()
    switches: tuple[SwitchRule, ...] = ()
    fingers: tuple[tuple[str, ...], ...] = ()
    marks: tuple[str, ...] = ()
    generated_by_rigify: bool = False
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Joints whose nearest mapped ancestor is not the SMPL one: joint, without its side, -> any of these joints
    ("root" for the root control, "" for none)."""


def numbered(
    name: str, fingers: tuple[str, ...], joints: tuple[object, ...] = (1, 2, 3)
) -> tuple[tuple[str, ...], ...]:
    """The names of a hand's finger bones: `name` with `{finger}` and `{joint}` filled in; `{side}` stays."""
    return tuple(tuple(name.format(side="{side}", finger=f, joint=j) for j in joints) for f in fingers)


FINGERS = ("thumb", "index", "middle", "ring", "pinky")
