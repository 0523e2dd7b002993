"""What is measured over a whole motion before it is put on a rig: the body it shows, and how it stands.

Two motions of which one is an edit of the other must be put on a rig with the same measures, or every frame differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.body import Body, body_of, measured_foot_down, measured_head
from mdm_core.errors import MotionError
from mdm_core.skeleton import INDEX, JOINTS

from .contacts import Contacts, Heights, contacts_of

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Measures:
    """body: how its skeleton stands upright, with the head and feet of this motion; leg: metres of thigh and shin;
    heights: of its foot joints when they rest on the floor."""

    body: Body
    leg: float
    heights: Heights


def measure(
    positions: NDArray[np.floating], contacts: NDArray[np.bool_] | None = None, *, fps: float = 20.0
) -> Measures:
    """The measures of positions [T, 22, 3], metres; contacts: bool [T, 4] or None. Raises MotionError as `to_rig`."""
    checked = checked_positions(positions)
    return measures_of(checked, contacts_of(checked, fps, contacts))


def measures_of(positions: Array, contacts: Contacts) -> Measures:
    """The same with contacts that are already known."""
    body = body_of(positions)
    standing = (contacts.ankle > 0.9) & (contacts.ball > 0.9)
    body = replace(body, head=measured_head(positions, body), foot_down=measured_foot_down(positions, standing, body))
    return Measures(body, leg_length(positions), contacts.heights)


def checked_positions(positions: NDArray[np.floating]) -> Array:
    """float64 [T, 22, 3]. Raises MotionError for another shape and for what is not finite."""
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (JOINTS, 3) or len(positions) == 0:
        raise MotionError(f"A motion needs positions of shape [frames, {JOINTS}, 3], not {positions.shape}.")
    if not np.isfinite(positions).all():
        raise MotionError("The motion holds positions that are not numbers: generate it again.")
    return positions


def leg_length(positions: Array) -> float:
    """Thigh and shin, metres: mean of both sides, median over time."""
    lengths = [
        np.linalg.norm(positions[:, INDEX[end]] - positions[:, INDEX[start]], axis=-1)
        for side in ("left", "right")
        for start, end in ((f"{side}_hip", f"{side}_knee"), (f"{side}_knee", f"{side}_ankle"))
    ]
    length = float(np.median(np.sum(lengths, axis=0)) / 2)
    if length < 1e-3:
        raise MotionError("The motion's legs have no length: its positions are not those of a body.")
    return length
