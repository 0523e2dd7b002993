"""The body held together: bone lengths made exactly constant while the feet stay where they were. No contacts here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup import two_bone
from mdm_core.cleanup.smoothing import gaussian
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINTS, PARENTS

Array = NDArray[np.floating[Any]]

SHIFT_SIGMA = 0.075
"""Seconds: the body follows feet that pull at it as softly as a Gaussian of this width."""
BENT, DAMPING = 0.9, 0.1
"""A leg stretched to less than this share of its length does not pull at the body; and how soft the pull is."""


@dataclass(frozen=True)
class Leg:
    """The joints of one leg."""

    hip: int
    knee: int
    ankle: int
    foot: int


LEGS = tuple(Leg(*(INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))) for side in ("left", "right"))


def constant(positions: Array, fps: float, lengths: Array = BONE_LENGTHS) -> Array:
    """Positions [T, 22, 3] with bones of exactly `lengths` [22] metres.

    Bones keep their directions, except thighs and shins: those are bent so that the ankles stay where they were, and
    the pelvis gives way as little as it must. What already has these lengths comes back as it is.
    """
    positions = np.asarray(positions, dtype=np.float64)
    ankles = positions[:, [leg.ankle for leg in LEGS]]
    return plant(resized(positions, lengths), ankles, fps, lengths)


def resized(positions: Array, lengths: Array = BONE_LENGTHS) -> Array:
    """The same pelvis and bone directions [T, 22, 3] with other bone lengths [22]; the feet move."""
    result = np.empty(positions.shape, dtype=np.float64)
    result[:, 0] = positions[:, 0]
    for joint in range(1, JOINTS):
        parent = PARENTS[joint]
        direction = rotations.normalize(positions[:, joint] - positions[:, parent])
        result[:, joint] = result[:, parent] + direction * lengths[joint]
    return result


def plant(positions: Array, ankles: Array, fps: float, lengths: Array = BONE_LENGTHS) -> Array:
    """The motion with its ankles at `ankles` [T, 2, 3] (left, right); feet keep their direction.

    positions: [T, 22, 3] with bones of `lengths`. Where a leg cannot reach, the whole body is moved towards the foot.
    """
    shift = body_shift(positions, ankles, fps, lengths)
    return with_ankles(positions + shift[:, None], ankles, lengths)


def with_ankles(positions: Array, ankles: Array, lengths: Array = BONE_LENGTHS) -> Array:
    """The motion [T, 22, 3], legs bent to `ankles` [T, 2, 3] as far as they reach; feet keep their direction."""
    result = positions.copy()
    for side, leg in enumerate(LEGS):
        foot = rotations.normalize(positions[:, leg.foot] - positions[:, leg.ankle])
        knee, ankle = two_bone.solve(
            positions[:, leg.hip],
            positions[:, leg.knee],
            positions[:, leg.ankle],
            ankles[:, side],
            float(lengths[leg.knee]),
            float(lengths[leg.ankle]),
            knee_hint(positions, leg),
        )
        result[:, leg.knee], result[:, leg.ankle] = knee, ankle
        result[:, leg.foot] = ankle + foot * lengths[leg.foot]
    return result


def body_shift(positions: Array, ankles: Array, fps: float, lengths: Array) -> Array:
    """How the whole body moves [T, 3] so that legs keep their stretch and reach `ankles` [T, 2, 3].

    A nearly straight leg shows a millimetre of stretch as degrees of the knee, so the body goes along with its ankle;
    a bent leg takes the change itself. What is then still out of reach is followed in any case. Both are soft in time.
    """
    hips = positions[:, [leg.hip for leg in LEGS]]
    whole = np.array([lengths[leg.knee] + lengths[leg.ankle] for leg in LEGS])
    own = np.linalg.norm(positions[:, [leg.ankle for leg in LEGS]] - hips, axis=-1)
    wanted = np.linalg.norm(ankles - hips, axis=-1)
    lines = (ankles - hips) / np.maximum(wanted, 1e-9)[..., None]
    weight = np.clip((np.maximum(own, wanted) / whole - BENT) / (1 - BENT), 0.0, 1.0)
    rows = weight[..., None] * lines
    damped = rows @ np.swapaxes(rows, 1, 2) + DAMPING * np.eye(len(LEGS))
    pull = np.linalg.solve(damped, (weight * (wanted - own))[..., None])
    shift = gaussian((np.swapaxes(rows, 1, 2) @ pull)[..., 0], SHIFT_SIGMA * fps)
    for _ in range(4):
        span = ankles - hips - shift[:, None]
        distance = np.linalg.norm(span, axis=-1)
        missing = np.maximum(0.0, distance - two_bone.STRAIGHTEST * whole) / np.maximum(distance, 1e-9)
        if not missing.any():
            break
        shift += gaussian((missing[..., None] * span).sum(axis=1), SHIFT_SIGMA * fps)
    return shift


def knee_hint(positions: Array, leg: Leg) -> Array:
    """Unit [T, 3]: the pelvis's forward direction, swung as the leg is swung from hanging straight down."""
    across = positions[:, INDEX["left_hip"]] - positions[:, INDEX["right_hip"]]
    up = positions[:, INDEX["spine2"]] - positions[:, INDEX["pelvis"]]
    forward = rotations.normalize(np.cross(across, up))
    down = np.cross(across, forward)
    line = positions[:, leg.ankle] - positions[:, leg.hip]
    return rotations.rotate(rotations.between(down, line), forward)
