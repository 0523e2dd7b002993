"""Poses with whole bones and marked joints in their very places, by the smallest change: Newton's method a frame.

Putting joints in their places and bones to their lengths in turn comes to the same, but near a limb's full reach it
takes hundreds of rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.editing.projection import BODY_METRES, SKELETON
from mdm_core.rotations import normalize
from mdm_core.skeleton import JOINTS, PARENTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

STEPS = 40
EXACT = 1e-7
"""Metres: bones that are right to this need no further step."""
DAMPING, FIRMER, LOOSER = 1e-6, 8.0, 0.25
"""Square metres, against what bones can turn by; times this where a step tore the bones more, or less."""
FIRMEST = 1e6
BONES = np.eye(JOINTS)[1:] - np.eye(JOINTS)[np.array(PARENTS[1:])]
"""[21, 22]: from joints to bones."""


def whole(positions: Numbers, fixed: Mask, lengths: Numbers) -> Numbers:
    """Positions [F, 22, 3] of frames for themselves, whose bones have `lengths` [22], metres, as nearly as can be.

    Joints that are `fixed`, bool [F, 22], stay. The others move as little as the bones that lead to them can turn
    (`projection.SKELETON`): Gauss's and Newton's method with Levenberg's damping, so that where the fixed joints leave
    no such pose the lengths are off by the least squares.
    """
    result = positions.astype(np.float64)
    for frame, stays in enumerate(fixed):
        result[frame] = _pose(result[frame], stays, lengths[1:])
    return result


def _pose(pose: Numbers, fixed: Mask, lengths: Numbers) -> Numbers:
    prior = _prior(fixed)
    bones = BONES @ prior @ BONES.T
    damping, off = DAMPING, _off(pose, lengths)
    for _ in range(STEPS):
        if np.abs(off).max() < EXACT or damping > FIRMEST:
            break
        ways = normalize(BONES @ pose)
        strengths = np.linalg.solve(bones * (ways @ ways.T) + damping * np.eye(len(bones)), off)
        tried = pose - prior @ BONES.T @ (strengths[:, None] * ways)
        after = _off(tried, lengths)
        if after @ after < off @ off:
            pose, off, damping = tried, after, damping * LOOSER
        else:
            damping *= FIRMER
    return pose


def _off(pose: Numbers, lengths: Numbers) -> Numbers:
    """How much too long each bone is [21]."""
    return np.linalg.norm(BONES @ pose, axis=-1) - lengths


def _prior(fixed: Mask) -> Numbers:
    """Covariance [22, 22] of the joints, square metres, given that the fixed ones do not move."""
    prior = SKELETON + BODY_METRES**2
    at = np.flatnonzero(fixed)
    known = prior[np.ix_(at, at)] + 1e-12 * np.eye(len(at))
    result = prior - prior[:, at] @ np.linalg.solve(known, prior[at])
    result[fixed] = result[:, fixed] = 0.0
    return result
