"""ReActIdle (MIT, 2025 RSAIT): people who stand idle, as joint positions of 26 joints at 24 fps, onto SMPL-22 at 20.

The file is `idle_positions.npz`: `names` and `fps`, and one array [T, 26, 3] a clip, metres, Y up, +X left. It gives no
floor; the feet find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.skeleton import JOINTS

from . import cmu, knees

NAME = "ReActIdle (MIT licence, (c) 2025 RSAIT)"
FILE = "idle_positions.npz"
FIRST_SUBJECT = 1000
"""Their subjects' numbers begin here; a performer's acted and genuine clips share one."""

BETWEEN: dict[int, tuple[str, str, float]] = {
    0: ("pelvis", "pelvis", 0.0), 1: ("thigh.L", "thigh.L", 0.0), 2: ("thigh.R", "thigh.R", 0.0),
    3: ("pelvis", "spine.001", 0.5), 4: ("shin.L", "shin.L", 0.0), 5: ("shin.R", "shin.R", 0.0),
    6: ("spine.001", "spine.001", 0.0), 7: ("foot.L", "foot.L", 0.0), 8: ("foot.R", "foot.R", 0.0),
    9: ("spine.001", "neck", 0.3), 10: ("foot.L_end", "foot.L_end", 0.0), 11: ("foot.R_end", "foot.R_end", 0.0),
    12: ("spine.001", "neck", 1.0), 13: ("neck", "upper_arm.L", 0.4), 14: ("neck", "upper_arm.R", 0.4),
    15: ("neck", "face", 1.0), 16: ("upper_arm.L", "upper_arm.L", 0.0), 17: ("upper_arm.R", "upper_arm.R", 0.0),
    18: ("forearm.L", "forearm.L", 0.0), 19: ("forearm.R", "forearm.R", 0.0),
    20: ("forearm.L_end", "forearm.L_end", 0.0), 21: ("forearm.R_end", "forearm.R_end", 0.0),
}  # fmt: skip
"""SMPL joint -> the two of theirs it lies between, and how far from the first."""
SMOOTH = 1.0
"""Frames: width of the Gaussian that takes out what half precision adds (half a millimetre)."""
CAPTIONS = (
    "a person stands still",
    "a person is standing",
    "someone stands and waits",
    "a person stands idle, shifting the weight now and then",
    "standing in one place, hardly moving",
)


def clips(folder: Path) -> Iterator[cmu.Clip]:
    """The clips of the folder's file, whole, cleaned as `cmu.clips` are; none if the file is not there.

    Raises MotionError for a file that holds something else.
    """
    path = folder / FILE
    if not path.exists():
        return
    try:
        with np.load(path) as data:
            names, fps = [str(name) for name in data["names"]], float(data["fps"])
            recorded = {key: data[key] for key in data.files if key not in ("names", "parents", "fps")}
        places = {joint: (names.index(a), names.index(b), share) for joint, (a, b, share) in BETWEEN.items()}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise MotionError(f"{path} is not ReActIdle's positions ({error}); give the file as it is published.") from None
    for name, positions in recorded.items():
        yield clip(name, to_smpl22(positions.astype(np.float64), places), fps)


def to_smpl22(
    positions: NDArray[np.floating[Any]], places: dict[int, tuple[int, int, float]]
) -> NDArray[np.floating[Any]]:
    """Positions [T, 26, 3] as SMPL-22 positions [T, 22, 3], sizes as measured."""
    result = np.empty((len(positions), JOINTS, 3))
    for joint, (a, b, share) in places.items():
        result[:, joint] = (1 - share) * positions[:, a] + share * positions[:, b]
    return result


def clip(name: str, measured: NDArray[np.floating[Any]], fps: float) -> cmu.Clip:
    """A recording [T, 22, 3] at its own rate as a clip."""
    resampled = humanml3d.gaussian_smooth(cmu.to_rate(measured, fps), SMOOTH)
    uniform = humanml3d.to_uniform_skeleton(resampled, humanml3d.uniform_offsets())
    positions = cmu.on_floor(humanml3d.to_origin(uniform))
    straight = knees.straightened(positions, knees.excess([positions]))
    performer = int("".join(c for c in name if c.isdigit()) or 0)
    return cmu.Clip(name, FIRST_SUBJECT + performer, "single", ("idle",), CAPTIONS, cmu.on_floor(straight))
