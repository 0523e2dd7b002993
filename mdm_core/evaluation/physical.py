"""How physical motions look, from joint positions alone: no contacts that a model claims are believed.

`cleanup.measures` are the same ideas given contacts; here the height of the toes says when a foot is on the ground.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import measures

Array = NDArray[np.floating[Any]]

TOES = (10, 11)
NEAR = 0.05
"""Metres: toes below this are on the ground (GMD, Karunratanakul et al. 2023)."""
SKID = 0.5
"""Metres a second: GMD's 2.5 cm between two frames at 20 fps."""


@dataclass(frozen=True)
class Physical:
    """Of one motion; NaN where it has nothing to say. Units in the functions below.

    ground: seconds that toes are near the ground, as `slide` weights them, both toes together.
    """

    ground: float
    slide: float
    skating: float
    float_height: float
    penetration: float
    jitter: float
    speed: float


def measure(positions: Array, fps: float) -> Physical:
    """All of it, of positions [T, 22, 3] in metres, Y up, on the ground y = 0."""
    positions = np.asarray(positions, dtype=np.float64)
    return Physical(
        ground=float(toe_weights(positions, fps)[1].sum()) / fps,
        slide=slide(positions, fps),
        skating=skating(positions, fps),
        float_height=float_height(positions),
        penetration=measures.penetration(positions),
        jitter=measures.jitter(positions, fps),
        speed=speed(positions, fps),
    )


def speed(positions: Array, fps: float) -> float:
    """Mean speed, m/s, of all joints: what moves faster has the more jitter for it."""
    if len(positions) < 2:
        return 0.0
    return float(np.linalg.norm(np.diff(positions, axis=0), axis=-1).mean() * fps)


def columns(found: Sequence[Physical]) -> dict[str, Array]:
    """Each measure of several motions, [N]."""
    return {field.name: np.array([getattr(one, field.name) for one in found]) for field in fields(Physical)}


def averages(columns: Mapping[str, Array]) -> dict[str, float]:
    """The mean of each over motions [N], without those that have nothing to say; NaN if none has.

    Slide is averaged over the time near the ground: a motion that hardly touches it says hardly anything.
    """
    result: dict[str, float] = {}
    for name, values in columns.items():
        weight = (columns["ground"] if name == "slide" else np.ones_like(values)) * np.isfinite(values)
        said = float(weight.sum()) > 0
        result[name] = float(np.average(np.nan_to_num(values), weights=weight)) if said else float("nan")
    return result


def means(found: Sequence[Physical]) -> dict[str, float]:
    """The averages of several motions."""
    return averages(columns(found))


def toe_steps(positions: Array, fps: float) -> tuple[Array, Array]:
    """Horizontal speed (m/s) of each toe joint between two frames and its greater height (m) at them, [T - 1, 2]."""
    toes = positions[:, list(TOES)]
    speed = np.linalg.norm(np.diff(toes[..., [0, 2]], axis=0), axis=-1) * fps
    return speed, np.maximum(toes[1:, :, 1], toes[:-1, :, 1])


def slide(positions: Array, fps: float) -> float:
    """Mean horizontal speed, m/s, of toes near the ground, weighted 2 - 2^(height / `NEAR`) (Zhang et al. 2018).

    NaN if they never come near it.
    """
    speed, weight = toe_weights(positions, fps)
    return float((speed * weight).sum() / weight.sum()) if weight.sum() > 0 else float("nan")


def toe_weights(positions: Array, fps: float) -> tuple[Array, Array]:
    """Horizontal speed (m/s) of each toe joint between two frames and how near the ground it is, 0 to 1, [T - 1, 2]."""
    speed, height = toe_steps(positions, fps)
    return speed, np.clip(2 - 2 ** (np.maximum(height, 0) / NEAR), 0, 1)


def skating(positions: Array, fps: float) -> float:
    """Share of frames in which a toe below `NEAR` is faster than `SKID` (GMD's foot skating ratio)."""
    speed, height = toe_steps(positions, fps)
    return float(((speed > SKID) & (height < NEAR)).any(axis=1).mean()) if len(speed) else float("nan")


def float_height(positions: Array) -> float:
    """Mean height, metres, of the lowest joint above the ground (PhysDiff, Yuan et al. 2023); jumps count too."""
    return float(np.maximum(positions[..., 1].min(axis=1), 0).mean())
