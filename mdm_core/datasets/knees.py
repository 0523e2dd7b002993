"""Knees of measured people, straightened by what their capture bent them too much.

CMU's knees hardly ever come straight: people who stand have 20 to 35 degrees between thigh and shin, since the
capture's joint centres lie off the true ones. Here the pelvis, and all above it, is raised by the little (one or two
centimetres) that brings a loaded leg to what a standing leg has; feet stay where they were measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import two_bone
from mdm_core.features.humanml3d import gaussian_smooth, heading

Positions = NDArray[np.floating[Any]]

LEGS = ((1, 4, 7, 10), (2, 5, 8, 11))
STANDING = 6.0
"""Degrees between thigh and shin of a leg that bears the body while standing or walking."""
MOST = 18.0
"""Degrees: no knee is straightened by more."""
BENT, DEEP = 45.0, 95.0
"""Degrees: a knee bent less gets the whole correction, one bent more than the second none: sitting stays as it is."""
SMOOTH = 2.0
"""Frames: width of the Gaussian that keeps the pelvis from trembling with the measured knees."""


def flexion(positions: Positions) -> Positions:
    """Angle between thigh and shin [T, 2], degrees, 0 straight; left, right."""
    angles: list[Positions] = []
    for hip, knee, ankle, _ in LEGS:
        thigh, shin = positions[:, knee] - positions[:, hip], positions[:, ankle] - positions[:, knee]
        lengths = np.linalg.norm(thigh, axis=-1) * np.linalg.norm(shin, axis=-1)
        angles.append(np.degrees(np.arccos(np.clip(np.sum(thigh * shin, axis=-1) / lengths, -1, 1))))
    return np.stack(angles, axis=-1)


def excess(clips: list[Positions]) -> float:
    """Degrees by which a person's knees stand too bent: their straightest quarter while upright, against `STANDING`.

    clips: positions [T, 22, 3] of one subject. 0 where the subject never stands.
    """
    loaded: list[Positions] = []
    for positions in clips:
        upright = positions[:, 12, 1] - positions[:, [7, 8], 1].min(axis=1) > 1.2
        loaded.append(flexion(positions).min(axis=1)[upright])
    angles = np.concatenate(loaded) if loaded else np.zeros(0)
    return float(np.clip(np.percentile(angles, 25) - STANDING, 0, MOST)) if len(angles) >= 20 else 0.0


def straightened(positions: Positions, degrees: float) -> Positions:
    """The motion [T, 22, 3] with knees straighter by up to `degrees`; ankles and toes keep their places."""
    if degrees <= 0.5:
        return positions
    bent = flexion(positions)
    share = np.clip((DEEP - bent) / (DEEP - BENT), 0, 1)
    wanted = np.radians(np.maximum(bent - degrees * share, np.minimum(bent, STANDING)))
    rise: list[Positions] = []
    for side, (hip, knee, ankle, _) in enumerate(LEGS):
        upper = float(np.linalg.norm(positions[0, knee] - positions[0, hip]))
        lower = float(np.linalg.norm(positions[0, ankle] - positions[0, knee]))
        span = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(wanted[:, side]))
        line = positions[:, hip] - positions[:, ankle]
        upright = np.clip(line[:, 1] / np.linalg.norm(line, axis=-1) * 4 - 2.4, 0, 1)
        rise.append(upright * (span - np.linalg.norm(line, axis=-1)))
    # The leg that is nearer to straight decides, so that neither is overstretched; leaning legs bear less of it.
    up = gaussian_smooth(np.maximum(np.min(rise, axis=0), 0), SMOOTH)
    result = positions.copy()
    for joints in LEGS:
        keep = positions[:, list(joints[2:])]
        result[:, list(joints[2:])] = keep - np.array([0, 1, 0]) * up[:, None, None]
    result[..., 1] += up[:, None]
    forward = heading(positions)
    for hip, knee, ankle, toe in LEGS:
        upper = float(np.linalg.norm(positions[0, knee] - positions[0, hip]))
        lower = float(np.linalg.norm(positions[0, ankle] - positions[0, knee]))
        raised = positions[:, [hip, knee, ankle]] + np.array([0, 1, 0]) * up[:, None, None]
        solved, reached = two_bone.solve(
            raised[:, 0], raised[:, 1], raised[:, 2], positions[:, ankle], upper, lower, forward
        )
        result[:, toe] = positions[:, toe] + (reached - positions[:, ankle])
        result[:, knee], result[:, ankle] = solved, reached
    return result
