"""Training data for the paper's recipe as one file: a data set's own features, its words and labels. No positions.

Beside `pack`, whose windows are for our own recipe: here a clip is trained on as the authors' loaders have it. Features
are HumanML3D's 263, KIT's 251 or the 25 x 6 rotations of the action models.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing

States = Callable[[str], NDArray[np.float32]]
"""A sentence to its encoder's states [L, E]."""
REPRESENTATIONS = ("humanml3d", "kit", "smpl_rot6d")


@dataclass(frozen=True)
class Sample:
    """A clip. features: [T, D] denormalised; captions fit all of it; action: a label, or "". unseen: for measures."""

    name: str
    features: NDArray[np.floating[Any]]
    captions: tuple[str, ...] = ()
    action: str = ""
    unseen: bool = False


@dataclass(frozen=True)
class About:
    """What a card needs to know of the data. encoder: of the states, as `text.encoders` names it, or ""; context: its
    token limit, or 0. data: the data set's name; licence: its terms, in words."""

    representation: str
    fps: float
    data: str
    licence: str
    encoder: str = ""
    context: int = 0


@dataclass(frozen=True)
class FeaturePack:
    """The file in memory.

    features: float32 [F, D]; clip k is offsets[k]:offsets[k + 1]. mean, std: [D]. unseen: bool [C]. actions: int [C],
    of action_names, -1 for none. words: per clip the indices of its sentences. states: float16 [N, E]; sentence s has
    the rows state_offsets[s]:state_offsets[s + 1].
    """

    about: About
    features: NDArray[np.float32]
    offsets: NDArray[np.int64]
    names: tuple[str, ...]
    unseen: NDArray[np.bool_]
    actions: NDArray[np.int64]
    action_names: tuple[str, ...]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    words: tuple[NDArray[np.int64], ...]
    sentences: tuple[str, ...]
    states: NDArray[np.float16]
    state_offsets: NDArray[np.int64]


def build(
    samples: Iterable[Sample],
    target: Path,
    about: About,
    states: States | None,
    statistics: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> dict[str, int]:
    """Writes the pack to `target` and returns what it holds. states: None for a data set without words.

    Raises MotionError if there is nothing to train on.
    """
    every = list(samples)
    if not any(not sample.unseen for sample in every):
        raise MotionError("No clip of this data set can be trained on; `mdm data check` says why.")
    sentences = sorted({caption for sample in every for caption in sample.captions}) if states else []
    place = {sentence: k for k, sentence in enumerate(sentences)}
    encoded = [states(sentence).astype(np.float16) for sentence in sentences] if states else []
    action_names = sorted({sample.action for sample in every if sample.action})
    words = [[place[c] for c in sample.captions] if states else [] for sample in every]
    text = {
        "about": vars(about),
        "names": [sample.name for sample in every],
        "sentences": sentences,
        "action_names": action_names,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            features=np.concatenate([sample.features for sample in every]).astype(np.float32),
            offsets=np.cumsum([0] + [len(sample.features) for sample in every]),
            unseen=np.array([sample.unseen for sample in every]),
            actions=np.array([action_names.index(s.action) if s.action else -1 for s in every]),
            mean=statistics[0],
            std=statistics[1],
            words=np.array([k for row in words for k in row], dtype=np.int64),
            word_counts=np.array([len(row) for row in words]),
            states=np.concatenate(encoded) if encoded else np.zeros((0, 1), np.float16),
            state_offsets=np.cumsum([0] + [len(one) for one in encoded]),
            text=np.frombuffer(json.dumps(text).encode(), dtype=np.uint8),
        )
    return {
        "clips": len(every),
        "of them unseen": sum(sample.unseen for sample in every),
        "frames": sum(len(sample.features) for sample in every),
        "sentences": len(sentences),
        "actions": len(action_names),
    }


def is_one(path: Path) -> bool:
    """Whether a file is a pack of this kind, not one of `pack`."""
    try:
        with np.load(path) as file:
            return "features" in file.files and "state_offsets" in file.files
    except (OSError, ValueError, BadZipFile):
        return False


def load(path: Path) -> FeaturePack:
    """The pack at `path`; a MotionError if it is none."""
    try:
        with np.load(path) as file:
            z = {name: file[name] for name in file.files}
        text = json.loads(z["text"].tobytes())
        about = About(**text["about"])
        words = np.split(z["words"], np.cumsum(z["word_counts"])[:-1])
        return FeaturePack(
            about=about,
            features=z["features"],
            offsets=z["offsets"],
            names=tuple(text["names"]),
            unseen=z["unseen"],
            actions=z["actions"],
            action_names=tuple(text["action_names"]),
            mean=z["mean"],
            std=z["std"],
            words=tuple(words),
            sentences=tuple(text["sentences"]),
            states=z["states"],
            state_offsets=z["state_offsets"],
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise MotionError(
            f"{path} is no pack of features ({error}); make it with `mdm data build`, for rotations with --rotations."
        ) from None


def every_tenth(names: Sequence[str]) -> frozenset[str]:
    """Which of some subjects (or clips) are kept for measures where a data set does not say: the last of each ten."""
    return frozenset(sorted(set(names))[9::10])
