"""Poses that stay so near to each other that no even way leads through them, and what is said of them."""

from __future__ import annotations

import math

import numpy as np

from ..retarget import PoseSamples
from .seams import ROUNDED, Seams, jumps_of, seam_frames
from .space import space_of
from .stretch import Stretch

ROOM = 4
"""Frames from one pose to the next from which on all were even that were measured (`benchmarks.seams`): between them
then lies a frame that is beside neither."""


def crowded_note(seams: Seams, edited: PoseSamples, stretch: Stretch) -> str:
    """A sentence where the joints of the stretch's edited values [T] jump too much at poses that stay within
    `Seams.window` of each other; else empty. Metres are those of the motion.

    How far apart they would have to be follows from what is missing: the velocities that a way needs change with the
    square of the time that there is for it.
    """
    rows = np.flatnonzero(seams.fixed)
    apart = np.diff(rows)
    near = np.flatnonzero((apart > 1) & (apart <= seams.window))
    if not len(near):
        return ""
    places = seams.joints.places(edited)
    rough = np.zeros(len(places))
    rough[1:-1] = (jumps_of(places) / seams.allowed(jumps_of(seams.joints.places(seams.samples)))).max(axis=1)
    rough[~seam_frames(seams.fixed)] = 0.0
    worst = {int(it): float(rough[rows[it] : rows[it + 1] + 1].max()) for it in near}
    if max(worst.values()) <= ROUNDED:
        return ""
    # Two pairs share a pose: it is the closer one that leaves it no room.
    pair = min(worst, key=lambda it: (-worst[it], apart[it]))
    needed = max(ROOM, math.ceil(apart[pair] * math.sqrt(worst[pair])))
    others = sum(jump > ROUNDED and apart[it] < needed for it, jump in worst.items()) - 1
    a, b = int(rows[pair]), int(rows[pair + 1])
    space = space_of(stretch.rig, stretch.rig_map, stretch.root_motion)
    way = np.linalg.norm(places[b] - places[a], axis=-1) / space.metre
    joint = seams.joints.names[int(way.argmax())].replace("_", " ")
    more = f" (and {others} other pair{'s' if others > 1 else ''})" if others else ""
    return (
        f"The poses at frames {stretch.first + a} and {stretch.first + b}{more} are too close for an even way through "
        f"them: the {joint} must go {way.max():.2f} m in {b - a} frames "
        f"({way.max() * seams.fps / (b - a):.1f} m/s); mark them {needed} frames apart."
    )
