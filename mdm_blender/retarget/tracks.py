"""PoseTracks: a motion as the local values of a rig's bones, ready to be keyed. Making them is `to_rig.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.matching import Switch

Array = NDArray[np.floating]


@dataclass(frozen=True)
class PoseTracks:
    """rotations: bone -> unit quaternions [T, 4] (w, x, y, z), or [1, 4] where constant; relative to rest, own axes.

    locations: bone -> [T, 3] in the same sense (`PoseBone.location`). switches: custom properties that the
    controls need. problems: sentences for the user.
    """

    rotations: Mapping[str, Array]
    locations: Mapping[str, Array]
    switches: tuple[Switch, ...] = ()
    problems: tuple[str, ...] = ()
