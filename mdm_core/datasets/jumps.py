"""Jumps inside longer clips: up, ahead, and out of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .describe import Track
from .moment import Moment, runs

Positions = NDArray[np.floating[Any]]

FPS = 20.0
SHORTEST = 8
"""Frames that `describe` calls a jump, with what it takes to leave the ground and land."""
APPROACH = 12
"""Frames before the jump in which a body runs, or does not."""
RAN, AHEAD, UP = 1.5, 0.6, 0.25
"""m/s: of an approach that is a run; of a jump that goes ahead at least, of one that goes up alone at most."""
AIRBORNE, ROSE = 0.06, 1.04
"""Metres: the lowest foot in the air, and the pelvis at the height of a jump."""


def flight(positions: Positions, measured: Track) -> tuple[int, int] | None:
    """The frames [a, b) in the air of the first jump out of a run, legs split or together; None if there is none."""
    ahead = measured.local_velocity[:, 0]
    up = positions[:, [7, 8, 10, 11], 1].min(axis=1) > AIRBORNE
    for a, b in runs(up, shortest=4):
        fast = a >= APPROACH // 2 and ahead[max(0, a - APPROACH) : a].mean() > 1.0 and ahead[a:b].mean() > RAN
        if fast and b + 3 < len(positions) and positions[a:b, 0, 1].max() > ROSE:
            return a, b
    return None


def jumping(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Jumps of a clip [T, 22, 3] whose turn on the way is less than a quarter; those between the kinds are left out."""
    for a, b in runs(measured.state == "jump", shortest=SHORTEST):
        if np.ptp(measured.yaw[a:b]) > np.radians(80):
            continue
        before = measured.local_velocity[max(0, a - APPROACH) : a, 0]
        velocity = measured.local_velocity[a:b].mean(axis=0)
        ran = len(before) >= APPROACH / 2 and before.mean() > RAN
        if ran and velocity[0] > AHEAD:
            yield Moment("run jump", max(0, a - 20), b, max(0, a - 60), min(len(positions), b + 30))
        elif velocity[0] > AHEAD:
            yield Moment("jump ahead", a, b, 0, len(positions))
        elif np.linalg.norm(velocity) < UP:
            yield Moment("jump up", a, b, 0, len(positions))
