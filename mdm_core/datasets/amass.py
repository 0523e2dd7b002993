"""AMASS: SMPL pose parameters (.npz) as joint positions and rotations. No SMPL file: the body is our own.

A file holds `poses` [T, 72 | 156 | 165], axis-angle, the first 66 numbers of which are SMPL-22's joints, `trans` [T, 3]
in metres, `betas`, `gender` and `mocap_framerate` (`mocap_frame_rate` in SMPL-X's), Z up. The rotations turn our
skeleton (`skeleton.BONE_LENGTHS` in a T-pose). What that loses: the person's shape (betas; everybody has one size, so
that feet slide a little where legs were longer or shorter), the exact rest directions of SMPL's bones, the constant
offset between `trans` and the pelvis, hands, face and soft tissue.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.errors import MotionError
from mdm_core.features import smpl_rot6d
from mdm_core.skeleton import JOINTS

from .recording import Recording

Array = NDArray[np.floating[Any]]

RATES = ("mocap_framerate", "mocap_frame_rate")
TRIMMED = {"Eyes_Japan": 3.0, "MPI_HDM05": 3.0, "TotalCapture": 1.0, "MPI_Limits": 1.0, "Transitions": 0.5}
"""Seconds of calibration at the start of each file, by data set (HumanML3D's processing, spec/humanml3d.md sec. 2)."""
UP = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
"""AMASS's (x, y, z), Z up, to ours: (-x, z, y)."""


def files(folder: Path) -> list[Path]:
    """The .npz files below `folder` that may hold motion: AMASS also has one of each person's shape."""
    return sorted(path for path in folder.rglob("*.npz") if not path.stem.endswith(("shape", "neutral_stagei")))


def holds_motion(path: Path) -> bool:
    """Whether a file has poses and a translation."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {"poses", "trans"} <= set(file.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return False


def read_one(path: Path, name: str) -> Recording:
    """One file; a MotionError names it and the array that is missing or wrong."""
    try:
        with np.load(path, allow_pickle=False) as file:
            poses, trans = (file[key].astype(np.float64) for key in ("poses", "trans"))
            fps = next(float(file[key]) for key in RATES if key in file.files)
    except KeyError as error:
        raise MotionError(f"{path} has no array {error.args[0].split()[0]}: it is not a motion of AMASS.") from None
    except StopIteration:
        raise MotionError(f"{path} does not say its {RATES[0]}: it is not a motion of AMASS.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise MotionError(f"{path} cannot be read as a file of AMASS; get it again.") from None
    if poses.ndim != 2 or poses.shape[1] < 3 * JOINTS or trans.shape != (len(poses), 3) or not fps > 0:
        raise MotionError(f"{path} has poses {poses.shape} and trans {trans.shape}, not [T, 66 or more] and [T, 3].")
    start = round(fps * max((TRIMMED[part] for part in path.parts if part in TRIMMED), default=0.0))
    local = local_rotations(poses[start:])
    positions = smpl_rot6d.forward_kinematics(local, trans[start:] @ UP.T)[:, :JOINTS]
    return Recording(name, subject_of(name), positions, fps, local)


def subject_of(name: str) -> str:
    """The folder of a recording."""
    return name.rpartition("/")[0]


def local_rotations(poses: Array) -> Array:
    """SMPL's 24 rotations [T, 24, 3, 3] of poses [T, >= 66], the root's in our axes, the hands' at rest."""
    vectors = poses[:, : 3 * JOINTS].reshape(len(poses), JOINTS, 3)
    angle = np.linalg.norm(vectors, axis=-1)
    local = np.broadcast_to(np.eye(3), (len(poses), smpl_rot6d.ROTATIONS, 3, 3)).copy()
    local[:, :JOINTS] = rotations.to_matrix(rotations.from_axis_angle(rotations.normalize(vectors), angle))
    local[:, 0] = UP @ local[:, 0]
    return local
