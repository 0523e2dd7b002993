"""Which column holds what: the groups of HumanML3D's 263 features, and sub-sets of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINTS

GROUPS: dict[str, slice] = {
    "root": slice(0, 4),
    "ric": slice(4, 4 + 3 * (JOINTS - 1)),
    "rot6d": slice(67, 67 + 6 * (JOINTS - 1)),
    "velocity": slice(193, 193 + 3 * JOINTS),
    "contact": slice(259, 263),
}
"""root: half yaw rate, velocity x and z, height · ric: joints 1..21 relative to the root · rot6d: joints
1..21 · velocity: joints 0..21 · contact: left ankle, left foot, right ankle, right foot. (HumanML3D)"""

WIDTH = 263


@dataclass(frozen=True)
class Layout:
    """The groups that a model uses, in the order of its columns."""

    groups: tuple[str, ...] = tuple(GROUPS)

    def __post_init__(self) -> None:
        unknown = [g for g in self.groups if g not in GROUPS]
        if unknown:
            raise MotionError(f'The feature group "{unknown[0]}" is not known; known are {", ".join(GROUPS)}.')
        for needed in ("root", "ric"):
            if needed not in self.groups:
                raise MotionError(f'Without the feature group "{needed}" no motion can be decoded.')

    @property
    def columns(self) -> NDArray[np.intp]:
        """For each of the model's columns its column among the 263, [D]."""
        return np.concatenate([np.arange(WIDTH)[GROUPS[g]] for g in self.groups])

    @property
    def width(self) -> int:
        """Number of the model's columns, D."""
        return len(self.columns)

    def slice(self, group: str) -> slice:
        """The model's columns of `group`."""
        start = 0
        for g in self.groups:
            size = GROUPS[g].stop - GROUPS[g].start
            if g == group:
                return slice(start, start + size)
            start += size
        raise MotionError(f'This model has no feature group "{group}".')

    def joint_columns(self, joints: Sequence[int], *, root: bool, contacts: bool) -> NDArray[np.bool_]:
        """The columns [D] that belong to `joints`; with `root` the four root features, with `contacts` the feet's."""
        full = np.zeros(WIDTH, dtype=bool)
        full[GROUPS["root"]] = root
        full[GROUPS["contact"]] = contacts
        for joint in joints:
            full[GROUPS["velocity"].start + 3 * joint :][:3] = True
            if joint:
                full[GROUPS["ric"].start + 3 * (joint - 1) :][:3] = True
                full[GROUPS["rot6d"].start + 6 * (joint - 1) :][:6] = True
        return full[self.columns]


FULL = Layout()
