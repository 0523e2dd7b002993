"""PoseTracks, what is keyed on a rig, and PoseSamples, what was read from it. Making either is not done here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..rig import Switch

Array = NDArray[np.floating]


@dataclass(frozen=True)
class PoseTracks:
    """rotations: bone -> unit quaternions [T, 4] (w, x, y, z), or [1, 4] where constant; relative to rest, own axes.

    locations: bone -> [T, 3] in the same sense (`PoseBone.location`). scales: bone -> [T, 3]. switches: custom
    properties that the controls need. problems: sentences for the user.
    object_location [T, 3], object_rotation [T, 4]: where the armature object itself stands, in world space, for
    root motion on the object; else None. Who writes them brings them into the space of the object's parent.
    """

    rotations: Mapping[str, Array]
    locations: Mapping[str, Array]
    switches: tuple[Switch, ...] = ()
    problems: tuple[str, ...] = ()
    object_location: Array | None = None
    object_rotation: Array | None = None
    scales: Mapping[str, Array] = field(default_factory=dict[str, Array])


@dataclass(frozen=True)
class PoseSamples:
    """A rig's local values as sampled from its F-curves, for `from_rig`; the present pose where a bone has none.

    rotations: bone -> unit quaternions [T, 4] (w, x, y, z), locations: bone -> [T, 3], scales: bone -> [T, 3]; all as
    Blender's own channels, relative to rest in the bone's axes. object_location [T, 3], object_rotation [T, 4]: the
    armature object in world space where it moves itself, else None.
    """

    rotations: Mapping[str, Array]
    locations: Mapping[str, Array] = field(default_factory=dict[str, Array])
    scales: Mapping[str, Array] = field(default_factory=dict[str, Array])
    object_location: Array | None = None
    object_rotation: Array | None = None
