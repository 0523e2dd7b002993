"""A data set in HumanML3D's form, HumanML3D itself or KIT-ML: features, captions, splits and statistics as they lie.

    new_joint_vecs/NAME.npy   features [T, 263] (KIT: 251)
    new_joints/NAME.npy       joints [T, 22, 3] (KIT: 21); not needed
    texts/NAME.txt            a line a caption: caption#word/POS word/POS ...#start#end, seconds, 0 and 0 for the whole
    Mean.npy Std.npy          [263]
    train.txt val.txt test.txt all.txt

A name that begins with M is a clip's mirror image, a clip of its own with its own words (spec/humanml3d.md section 7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .recording import Caption

Features = NDArray[np.float32]

FEATURES, JOINTS_FOLDER, TEXTS = "new_joint_vecs", "new_joints", "texts"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Kind:
    """Which data set a width means. joints: in new_joints; clips of shortest to longest - 1 frames are used."""

    name: str
    representation: str
    width: int
    joints: int
    fps: float
    shortest: int
    longest: int = 200


KINDS = (
    Kind("HumanML3D", "humanml3d", 263, 22, 20.0, 40),
    Kind("KIT-ML", "kit", 251, 21, 12.5, 24),
)
"""The lengths are the published loader's (spec/mdm.md section 7)."""


@dataclass(frozen=True)
class Clip:
    """A clip or a part of one. features: float32 [T, D] denormalised; words: captions that fit all of it."""

    name: str
    split: str
    features: Features
    words: tuple[Caption, ...]

    @property
    def captions(self) -> tuple[str, ...]:
        """The words as sentences."""
        return tuple(caption.text for caption in self.words)


@dataclass(frozen=True)
class Dataset:
    """A folder, its clips not read yet. mean, std: float32 [D]; splits: the names of each."""

    folder: Path
    kind: Kind
    mean: Features
    std: Features
    splits: dict[str, tuple[str, ...]]


def is_one(folder: Path) -> bool:
    """Whether `folder` has this form."""
    return (folder / FEATURES).is_dir()


def open_folder(folder: Path) -> Dataset:
    """The data set; a MotionError says which file is missing or of what width."""
    kind = kind_of(folder)
    statistics: list[Features] = []
    for name in ("Mean.npy", "Std.npy"):
        values = load(folder / name)
        if values.shape != (kind.width,):
            raise MotionError(f"{folder / name} has the shape {values.shape}, {kind.name} has {kind.width} numbers.")
        statistics.append(values.astype(np.float32))
    splits = {split: names(folder / f"{split}.txt") for split in SPLITS if (folder / f"{split}.txt").is_file()}
    if "train" not in splits:
        raise MotionError(f"{folder / 'train.txt'} is missing: it lists the clips to train on.")
    return Dataset(folder, kind, statistics[0], statistics[1], splits)


def kind_of(folder: Path) -> Kind:
    """By the width of the first readable clip."""
    for path in sorted((folder / FEATURES).glob("*.npy")):
        shape = load(path).shape
        for kind in KINDS:
            if len(shape) == 2 and shape[1] == kind.width:
                return kind
        widths = " or ".join(f"{kind.width} ({kind.name})" for kind in KINDS)
        raise MotionError(f"{path} has the shape {shape}; known are {widths} numbers a frame.")
    raise MotionError(f"{folder / FEATURES} holds no clip; make the data set as its authors describe.")


def load(path: Path) -> NDArray[Any]:
    """An array without pickle; a MotionError names the file."""
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise MotionError(f"{path} is missing; make the data set as its authors describe.") from None
    except (OSError, ValueError, EOFError):
        raise MotionError(f"{path} is damaged or not an array; make it again.") from None


def names(path: Path) -> tuple[str, ...]:
    """The names of a split."""
    return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def captions(path: Path) -> list[Caption]:
    """The captions of one clip; ValueError where a line does not have its four fields."""
    found: list[Caption] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.strip().split("#")
        if len(fields) < 4:
            raise ValueError(f"line {number} of {path} is not caption#tokens#start#end")
        start, stop = (0.0 if math.isnan(value) else value for value in map(float, fields[2:4]))
        found.append(Caption(fields[0].strip(), start, stop, tuple(fields[1].split())))
    return found


def clips(data: Dataset, split: str) -> Iterator[Clip]:
    """The clips of a split as the published loader takes them (spec/mdm.md section 7).

    A clip shorter than the data set's shortest or as long as 200 frames is left out with all its captions. Captions
    of the whole make one clip, every caption of a stretch one of its own, under the same limits. Clips with NaN, and
    those whose files are missing or damaged, are left out; `check` lists them.
    """
    kind = data.kind
    for name in data.splits.get(split, ()):
        try:
            features = load(data.folder / FEATURES / f"{name}.npy").astype(np.float32)
            words = captions(data.folder / TEXTS / f"{name}.txt")
        except (MotionError, OSError, ValueError):
            continue
        if not fits(features, kind) or not np.isfinite(features).all():
            continue
        whole = tuple(caption for caption in words if caption.whole and caption.text)
        if whole:
            yield Clip(name, split, features, whole)
        for number, caption in enumerate(c for c in words if not c.whole and c.text):
            part = features[int(caption.start * kind.fps) : int(caption.stop * kind.fps)]
            if fits(part, kind):
                yield Clip(f"{name}~{number}", split, part, (caption,))


def fits(features: Features, kind: Kind) -> bool:
    """Whether a clip has the width and a length that the published loader takes."""
    shape = features.shape
    return len(shape) == 2 and shape[1] == kind.width and kind.shortest <= shape[0] < kind.longest
