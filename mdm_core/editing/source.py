"""A motion that is to be edited, as the model sees it: any body, place and frame rate to features, and the way back.

Editing starts from the positions that the user sees, not from `Motion.features`: clean-up, a rig or an animator may
have moved the body since the model made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup import bones, contacts
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.features.layout import GROUPS, WIDTH
from mdm_core.skeleton import BONE_LENGTHS, FEET, LEG_LENGTH, PARENTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Placement:
    """How a body in the user's world stands in the model's: model = scale x world - offset. No turn.

    scale: the model's leg length over the body's; offset: [3], the ground and the hips' first place, model metres;
    lengths: [22] metres, the bones of the body in the user's world.
    """

    scale: float
    offset: Numbers
    lengths: Numbers

    def to_model(self, positions: Numbers, fps: float) -> Numbers:
        """Positions [T, 22, 3] on the model's skeleton; feet keep their place, bones their direction."""
        return bones.constant(positions * self.scale, fps, BONE_LENGTHS) - self.offset

    def points_to_model(self, points: Numbers) -> Numbers:
        """Single points [..., 3]."""
        return points * self.scale - self.offset

    def to_world(self, positions: Numbers, fps: float) -> Numbers:
        """Positions [T, 22, 3] of the model on the user's body."""
        return bones.constant((positions + self.offset) / self.scale, fps, self.lengths)


def place(positions: Numbers, fps: float) -> Placement:
    """Where the body of `positions` [T, 22, 3] stands; MotionError if it is none."""
    positions = positions.astype(np.float64)
    lengths = bone_lengths(positions)
    legs = float(lengths[[4, 5, 7, 8]].sum() / 2)
    if not np.isfinite(positions).all() or legs < 1e-3:
        raise MotionError("The motion to be edited has no legs or holds numbers that are none; check its file.")
    scale = LEG_LENGTH / legs
    scale = 1.0 if abs(scale - 1) < 1e-4 else scale
    offset = np.array([positions[0, 0, 0], floor(positions, fps), positions[0, 0, 2]]) * scale
    return Placement(scale, offset, lengths)


def bone_lengths(positions: Numbers) -> Numbers:
    """Metres from parent to joint [22], the median over the frames of [T, 22, 3]; 0 for the hips."""
    bone = positions[:, 1:] - positions[:, np.array(PARENTS[1:])]
    return np.append(0.0, np.median(np.linalg.norm(bone, axis=-1), axis=0))


def floor(positions: Numbers, fps: float) -> float:
    """The height of the ground, metres: where the lowest foot joint is while one stands, as in the training data."""
    lowest = positions[:, list(FEET), 1].min(axis=1)
    standing = contacts.detect(positions, fps).any(axis=1) if len(positions) > 1 else np.zeros(len(positions), bool)
    return float(np.percentile(lowest[standing] if standing.any() else lowest, 10))


def encode(positions: Numbers, facing: humanml3d.Facing, stances: Mask | None = None) -> Numbers:
    """Features [T, 263] of positions [T, 22, 3] on the model's skeleton and ground, at the model's rate.

    One frame is added at the end along a straight line, so that no pose is lost. stances: bool [T, 4], for the contact
    columns of models with our own contact rule; HumanML3D's rule is kept with its facing.
    """
    if len(positions) == 1:
        positions = np.repeat(positions, 2, axis=0)
        stances = None if stances is None else np.repeat(stances, 2, axis=0)
        return encode(positions, facing, stances)[:1]
    longer = np.concatenate([positions, 2 * positions[-1:] - positions[-2:-1]])
    if facing == "humanml3d":
        turn = humanml3d.onto_forward(humanml3d.heading(longer[:1]))
        longer = rotations.rotate(np.broadcast_to(turn, (*longer.shape[:2], 4)), longer)
    features = humanml3d.extract(longer, facing).astype(np.float64)
    if facing == "steady":
        features[:, GROUPS["contact"]] = contacts.detect(positions, humanml3d.FPS) if stances is None else stances
    assert features.shape == (len(positions), WIDTH)
    return features


def sampled(x: Numbers, at: Numbers) -> Numbers:
    """x [T, ...] at fractional frames `at` [N], along Catmull-Rom cubics; whole frames as they are, ends held."""
    at = np.clip(at, 0, len(x) - 1)
    low = np.minimum(np.floor(at).astype(int), max(len(x) - 2, 0))
    t = (at - low).reshape(-1, *[1] * (x.ndim - 1))
    before, after = np.maximum(low - 1, 0), np.minimum(low + 2, len(x) - 1)
    high = np.minimum(low + 1, len(x) - 1)
    a, b = x[low], x[high]
    start, end = (b - x[before]) / 2, (x[after] - a) / 2
    cubic = a + t * (start + t * (3 * (b - a) - 2 * start - end + t * (2 * (a - b) + start + end)))
    return np.where(t == 0, a, np.where(t == 1, b, cubic))
