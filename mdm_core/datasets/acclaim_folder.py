"""Folders of ASF and AMC files, as the CMU database hands them out (NN.asf beside NN_MM.amc), as recordings.

Bones are CMU's; other laboratories' skeletons with the same names are read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import acclaim, cmu
from .recording import Recording

Array = NDArray[np.floating[Any]]

CMU_JOINTS: tuple[str, ...] = (
    *("root", "thorax", "upperneck", "head"),
    *("lclavicle", "lhumerus", "lradius", "lhand", "rclavicle", "rhumerus", "rradius", "rhand"),
    *("lhipjoint", "lfemur", "ltibia", "ltoes", "rhipjoint", "rfemur", "rtibia", "rtoes"),
)
"""The 20 joints that `cmu` knows, each the end of a bone (the radius is short: CMU's wrist bone begins mid-forearm)."""

FPS = 120.0
SLOW_FPS = 60.0
SLOW_SUBJECTS = frozenset(
    (33, 34, 42, 60, 61, 62, 75, 79, 80, 84, 87, 89, 93, 103, 106, 107, 115, 117, 121, 139, 141, 143)
)
"""CMU's subjects whose trials were all captured at 60 frames a second, as several sources agree; AMC files do not say
it. Of subjects 74, 77, 88, 90 and 136 some trials were: `fps` in a captions file says which (docs/datasets.md)."""


def files(folder: Path) -> list[Path]:
    """The AMC files below `folder`, in order."""
    return sorted(folder.rglob("*.[aA][mM][cC]"))


def read_one(path: Path, skeleton: acclaim.Skeleton, name: str, rates: Mapping[str, float]) -> Recording:
    """One AMC file."""
    ends = acclaim.forward_kinematics(skeleton, acclaim.read_amc(path, skeleton))
    missing = [joint for joint in CMU_JOINTS if joint not in ends]
    if missing:
        raise MotionError(f'{path} has no bone "{missing[0]}": only the CMU database\'s skeleton is known as ASF.')
    positions = cmu.to_smpl22(np.stack([ends[joint] for joint in CMU_JOINTS], axis=1))
    subject = subject_of(name)
    return Recording(name, subject, positions, rates.get(name, rates.get(path.stem, usual_rate(subject))))


def subject_of(name: str) -> str:
    """NN of a recording named NN_MM."""
    return name.rpartition("/")[2].split("_")[0]


def usual_rate(subject: str) -> float:
    """The frame rate of a subject of CMU, where nothing else says it."""
    return SLOW_FPS if subject.isdigit() and int(subject) in SLOW_SUBJECTS else FPS


def skeleton_of(path: Path) -> Path:
    """The ASF file of an AMC file: of the same subject (NN of NN_MM), or the only one, there or a folder higher."""
    for place in (path.parent, path.parent.parent):
        there = sorted(place.glob("*.[aA][sS][fF]"))
        own = [asf for asf in there if asf.stem == path.stem.split("_")[0]]
        if own or len(there) == 1:
            return (own or there)[0]
    raise MotionError(f"{path} has no ASF file of its subject beside it; put {path.stem.split('_')[0]}.asf there.")
