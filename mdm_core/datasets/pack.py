"""The training set as one file: clips, the windows that training draws from them, and the words of each window.

Which windows a clip gets is `windows`' decision, which clips are made of the measured ones `composed`'s, how often each
is drawn `balance`'s.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import balance, cmu, composed, describe, pointing_clapping, reactidle
from .captions import mirror_words
from .cmu import Clip
from .windows import ACTIONS, LENGTHS, windows

SCALE = 0.0002  # metres a unit of the packed differences
HELD_OUT = (12, 38, 46, 118, 126, 127)
"""Subjects that training never sees; measures are taken on them. None of their clips is in the database twice, under
another subject's number, as all of 63, 70, 77, 78, 83, 91 and others are."""


def corrected(clip: Clip) -> Clip:
    """The clip with left and right exchanged in its captions where its motion contradicts them."""
    track = describe.track(clip.positions)
    if not describe.says_other_side(track, clip.captions, clip.actions):
        return clip
    return replace(clip, captions=tuple(mirror_words(c) for c in clip.captions))


@dataclass(frozen=True)
class Pack:
    """The training set in memory.

    positions: float32 [F, 22, 3] of all clips in a row, clip k being offsets[k]:offsets[k + 1].
    windows: int64 [W, 3] (clip, start, stop); weight: float64 [W], chance of being drawn.
    sentences, embeddings: the captions [S] and their encodings float16 [S, E].
    actions: int64 [W], the place of a window's label in action_names; -1 for none.
    words: per window the indices of its sentences; mirrored: per sentence the index of its mirror image.
    about: what a card says of the data, its "data" and "licence"; empty for CMU's as this project has it.
    """

    positions: NDArray[np.float32]
    offsets: NDArray[np.int64]
    names: tuple[str, ...]
    subjects: NDArray[np.int64]
    windows: NDArray[np.int64]
    weight: NDArray[np.float64]
    words: tuple[NDArray[np.int64], ...]
    sentences: tuple[str, ...]
    mirrored: NDArray[np.int64]
    embeddings: NDArray[np.floating[Any]]
    actions: NDArray[np.int64]
    action_names: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)


Encode = Callable[[list[str]], NDArray[np.float32]]


def build(
    source: Path | Iterable[Clip],
    target: Path,
    encode: Encode,
    *,
    gestures: int = 600,
    waves: int = 600,
    raises: int = 200,
    hands: int = 300,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Reads `source` (a folder, see `cmu`, or clips), writes the pack to `target` and returns what it holds.

    encode: sentences to embeddings [B, E], of the text encoder that the model will be used with. about: `Pack.about`.
    Raises MotionError if there is no usable clip.
    """
    rng = np.random.default_rng(seed)
    read = chain(cmu.clips(source), reactidle.clips(source)) if isinstance(source, Path) else source
    measured = [corrected(clip) for clip in read]
    if not measured:
        raise MotionError("No clip of this data set can be trained on; `mdm data check` says why.")
    longer = list(composed.carried_on(measured))
    whole = [*measured, *longer]
    made = (
        composed.gestured(whole, gestures, rng),
        composed.waving(whole, waves, rng),
        composed.raising(whole, raises, rng),
        pointing_clapping.clips(whole, hands, rng),
    )
    every = [*whole, *composed.backwards(measured), *(clip for clips in made for clip in clips)]
    drawn = [window for index, clip in enumerate(every) for window in windows(clip, index, rng)]
    said = {caption for window in drawn for caption in window.captions}
    mirrored = {mirror_words(s) for s in said}
    # "anticlockwise" mirrored twice is "counterclockwise".
    sentences = sorted(said | mirrored | {mirror_words(s) for s in mirrored})
    place = {sentence: k for k, sentence in enumerate(sentences)}
    positions = [np.rint(clip.positions / SCALE).astype(np.int64) for clip in every]
    difference = np.concatenate([np.diff(p, axis=0, prepend=0) for p in positions])
    first = np.cumsum([0] + [len(p) for p in positions])[:-1]
    start = difference[first].astype(np.int32)
    difference[first] = 0
    np.savez_compressed(
        target,
        difference=difference.astype(np.int16).reshape(len(difference), -1).T,
        start=start,
        offsets=np.cumsum([0] + [len(p) for p in positions]),
        subjects=np.array([clip.subject for clip in every]),
        windows=np.array([(w.clip, w.start, w.stop) for w in drawn]),
        weight=balance.balance(
            [w.tags for w in drawn],
            np.searchsorted(LENGTHS, [w.stop - w.start for w in drawn]),
            np.unique([composed.source_of(every[w.clip].name) for w in drawn], return_inverse=True)[1],
        ),
        actions=np.array([ACTIONS.index(w.action) if w.action else -1 for w in drawn], dtype=np.int16),
        words=np.array([place[c] for w in drawn for c in w.captions], dtype=np.int32),
        word_counts=np.array([len(w.captions) for w in drawn]),
        mirrored=np.array([place[mirror_words(s)] for s in sentences]),
        embeddings=encoded(sentences, encode),
        text=np.frombuffer(
            json.dumps(
                {
                    "names": [c.name for c in every],
                    "sentences": sentences,
                    "action_names": ACTIONS,
                    "about": dict(about or {}),
                }
            ).encode(),
            dtype=np.uint8,
        ),
    )
    return {
        "measured clips": len(measured),
        "clips": len(every),
        "frames": len(difference),
        "windows": len(drawn),
        "windows with words": sum(bool(w.captions) for w in drawn),
        "sentences": len(sentences),
    }


def encoded(sentences: Sequence[str], encode: Encode, batch: int = 64) -> NDArray[np.float16]:
    """Embeddings [S, E] of the sentences, in batches of like length, since padding costs time."""
    if not sentences:
        return np.zeros((0, encode(["a person"]).shape[1]), dtype=np.float16)
    order = sorted(range(len(sentences)), key=lambda k: len(sentences[k]))
    parts = [encode([sentences[k] for k in order[i : i + batch]]) for i in range(0, len(order), batch)]
    result = np.empty((len(sentences), parts[0].shape[1]), dtype=np.float16)
    result[order] = np.concatenate(parts)
    return result


def load(path: Path) -> Pack:
    """The pack at `path`, unpacked. One made before windows had labels has none."""
    try:
        z = np.load(path)
        text = json.loads(z["text"].tobytes())
        offsets = z["offsets"]
        difference = np.ascontiguousarray(z["difference"].T).astype(np.int64).reshape(-1, 22, 3)
        difference[offsets[:-1]] = z["start"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise MotionError(f"{path} is no training pack ({error}); make it with `mdm data build`.") from None
    positions = np.concatenate(
        [np.cumsum(difference[a:b], axis=0) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    )
    return Pack(
        positions=(positions * SCALE).astype(np.float32),
        offsets=offsets,
        names=tuple(text["names"]),
        subjects=z["subjects"],
        windows=z["windows"],
        weight=z["weight"],
        words=tuple(np.split(z["words"].astype(np.int64), np.cumsum(z["word_counts"])[:-1])),
        sentences=tuple(text["sentences"]),
        mirrored=z["mirrored"],
        embeddings=z["embeddings"],
        actions=z["actions"].astype(np.int64) if "actions" in z else np.full(len(z["windows"]), -1),
        action_names=tuple(text.get("action_names", ())),
        about=text.get("about", {}),
    )
