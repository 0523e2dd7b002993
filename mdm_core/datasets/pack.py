"""The training set as one file: clips, the windows that training draws from them, and the words of each window.

Which windows a clip gets is `windows`' decision, which clips are made of the measured ones `composed`'s, how often each
is drawn `balance`'s; how positions and embeddings become small `packed_positions`' and `packed_embeddings`'.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_LZMA, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing

from . import balance, cmu, composed, describe, packed_embeddings, packed_positions, pointing_clapping, reactidle
from .captions import mirror_words
from .cmu import Clip
from .packed_embeddings import PackedEmbeddings
from .packed_positions import PackedPositions
from .windows import ACTIONS, LENGTHS, windows

COMPRESSION = {"near": ZIP_LZMA}
"""How the parts of a file are compressed: LZMA finds movements that occur again, where it takes ten times as long as
bzip2 it saves a sixth; of the rest hardly anything."""


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
    mirrors = np.array([place[mirror_words(s)] for s in sentences], dtype=np.int64)
    parts = {
        **vars(packed_positions.packed([clip.positions for clip in every])),
        "offsets": np.cumsum([0] + [len(clip.positions) for clip in every]),
        "subjects": np.array([clip.subject for clip in every]),
        "windows": np.array([(w.clip, w.start, w.stop) for w in drawn]),
        "weight": balance.balance(
            [w.tags for w in drawn],
            np.searchsorted(LENGTHS, [w.stop - w.start for w in drawn]),
            np.unique([composed.source_of(every[w.clip].name) for w in drawn], return_inverse=True)[1],
        ),
        "actions": np.array([ACTIONS.index(w.action) if w.action else -1 for w in drawn], dtype=np.int16),
        "words": np.array([place[c] for w in drawn for c in w.captions], dtype=np.int32),
        "word_counts": np.array([len(w.captions) for w in drawn]),
        "mirrored": mirrors,
        **vars(packed_embeddings.packed(encoded(sentences, encode), mirrors)),
    }
    text = {
        "names": [c.name for c in every],
        "sentences": sentences,
        "action_names": ACTIONS,
        "about": dict(about or {}),
    }
    write(target, parts, text)
    return {
        "measured clips": len(measured),
        "clips": len(every),
        "frames": int(parts["offsets"][-1]),
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


def write(target: Path, parts: Mapping[str, NDArray[Any]], text: Mapping[str, Any]) -> None:
    """An npz of the parts and of the text, as JSON; it appears whole or not at all."""
    letters = np.frombuffer(json.dumps(text).encode(), dtype=np.uint8)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as part, ZipFile(part, "w") as archive:
        for name, values in {**parts, "text": letters}.items():
            entry = ZipInfo(f"{name}.npy")
            entry.compress_type = COMPRESSION.get(name, ZIP_BZIP2)
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, values, allow_pickle=False)


def load(path: Path) -> Pack:
    """The pack at `path`, unpacked; one of an older kind too. One made before windows had labels has none."""
    try:
        with np.load(path) as file:
            z = {name: file[name] for name in file.files}
        text = json.loads(z["text"].tobytes())
        return Pack(
            positions=positions_of(z),
            offsets=z["offsets"],
            names=tuple(text["names"]),
            subjects=z["subjects"],
            windows=z["windows"],
            weight=z["weight"],
            words=tuple(np.split(z["words"].astype(np.int64), np.cumsum(z["word_counts"])[:-1])),
            sentences=tuple(text["sentences"]),
            mirrored=z["mirrored"],
            embeddings=embeddings_of(z),
            actions=z["actions"].astype(np.int64) if "actions" in z else np.full(len(z["windows"]), -1),
            action_names=tuple(text.get("action_names", ())),
            about=text.get("about", {}),
        )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, LZMAError) as error:
        raise MotionError(f"{path} is no training pack ({error}); make it with `mdm data build`.") from None


def positions_of(parts: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Positions [F, 22, 3] of a file's parts."""
    if "difference" in parts:
        return packed_positions.from_first_differences(parts["difference"], parts["start"], parts["offsets"])
    kept = PackedPositions(parts["start"], parts["near"], parts["far"])
    return packed_positions.unpacked(kept, parts["offsets"])


def embeddings_of(parts: Mapping[str, NDArray[Any]]) -> NDArray[np.floating[Any]]:
    """Embeddings [S, E] of a file's parts."""
    if "embeddings" in parts:
        return parts["embeddings"]
    kept = PackedEmbeddings(parts["reference"], parts["step"], parts["whole"], parts["apart"])
    return packed_embeddings.unpacked(kept)
