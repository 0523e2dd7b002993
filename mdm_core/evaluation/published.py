"""The published text-motion evaluators (Guo et al. 2022), for whoever has their files; none of them is ours to ship.

    finest.tar                                  of text_mot_match: the three networks
    mean.npy std.npy, or t2m_mean.npy t2m_std.npy (KIT: kit_*)   beside it: the evaluators' own statistics, not Mean.npy
    our_vab_data.npy our_vab_words.pkl our_vab_idx.pkl           beside it or in glove/: GloVe's words

They read features, 263 or 251 numbers a frame, and words with parts of speech (spec/mdm.md section 9.1).
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d

UNIT = 4
"""Frames of a token of the motion encoder."""
CONTACTS = 4
"""The last columns, which the evaluators do not read."""
LONGEST = 196
"""Frames that every motion is filled up to: the last token sees a little of what comes after the motion."""
LONGEST_WORDS = 20
BATCH = 32
PREFIXES = {263: "t2m", 251: "kit"}

SPEECH = ("VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV")
TOPICS: dict[str, frozenset[str]] = {
    "Loc": frozenset(
        "left right clockwise counterclockwise anticlockwise forward back backward up down straight curve".split()
    ),
    "Body": frozenset("arm chin foot feet face hand mouth leg waist eye knee shoulder thigh".split()),
    "Obj": frozenset("stair dumbbell chair window floor car ball handrail baseball basketball".split()),
    "Act": frozenset(
        "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit lift lower raise wash "
        "stand kneel stroll rub bend balance flap jog shuffle lean rotate spin spread climb".split()
    ),
    "Desc": frozenset("slowly carefully fast careful slow quickly happy angry sad happily angrily sadly".split()),
}
"""Words that have a class of their own instead of their part of speech, in the order of the networks' inputs."""
CLASSES = len(SPEECH) + len(TOPICS) + 1


class MovementEncoder(nn.Module):
    """Normalised features [B, T, D - 4] to tokens [B, T // 4, 512]."""

    def __init__(self, columns: int, width: int = 512) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv1d(columns, width, 4, 2, 1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 4, 2, 1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
        )
        self.out_net = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_net(self.main(x.transpose(1, 2)).transpose(1, 2))


class Sequencer(nn.Module):
    """A bidirectional GRU over tokens [B, L, inputs] of given lengths, and from its ends an embedding [B, 512]."""

    def __init__(self, inputs: int, width: int, embedding: int = 512) -> None:
        super().__init__()
        self.input_emb = nn.Linear(inputs, width)
        self.gru = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * width, width), nn.LayerNorm(width), nn.LeakyReLU(0.2), nn.Linear(width, embedding)
        )
        self.hidden = nn.Parameter(torch.zeros(2, 1, width))

    def forward(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        packed = pack_padded_sequence(
            self.input_emb(tokens), torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
        _, last = self.gru(packed, self.hidden.repeat(1, len(tokens), 1))
        return self.output_net(torch.cat([last[0], last[1]], dim=-1))


class TextEncoder(Sequencer):
    """Word vectors [B, L, 300] with their classes [B, L, 15] to an embedding."""

    def __init__(self, words: int = 300, width: int = 512) -> None:
        super().__init__(words, width)
        self.pos_emb = nn.Linear(CLASSES, words)

    def embed(self, words: Tensor, classes: Tensor, lengths: Sequence[int]) -> Tensor:
        """The caption's place among the motions'."""
        return self(words + self.pos_emb(classes), lengths)


@dataclass(frozen=True)
class Vocabulary:
    """GloVe vectors [N, 300] and the row of each word."""

    vectors: NDArray[np.float32]
    rows: Mapping[str, int]

    def tokens(self, tokens: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors [L, 300] and classes [L, 15] of tokens "word/POS", with the marks at both ends; 22 at most."""
        marked = ["sos/OTHER", *tokens[:LONGEST_WORDS], "eos/OTHER"]
        vectors, classes = (np.zeros((len(marked), n), np.float32) for n in (self.vectors.shape[1], CLASSES))
        for k, token in enumerate(marked):
            word, _, speech = token.partition("/")
            known = word in self.rows
            vectors[k] = self.vectors[self.rows[word if known else "unk"]]
            classes[k, class_of(word, speech) if known else CLASSES - 1] = 1
        return vectors, classes


def class_of(word: str, speech: str) -> int:
    """The place of a word's class: a topic's where it has one, else its part of speech, else "other"."""
    for k, words in enumerate(TOPICS.values()):
        if word in words:
            return len(SPEECH) + k
    return SPEECH.index(speech) if speech in SPEECH else CLASSES - 1


@dataclass(frozen=True)
class Published:
    """The evaluators with their statistics [D]; vocabulary: None where its files are not there."""

    movement: MovementEncoder
    motion: Sequencer
    text: TextEncoder
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    vocabulary: Vocabulary | None

    def of_features(self, features: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Embeddings [N, 512] of denormalised features [T, D], cut to multiples of four frames."""
        made = [np.empty((0, 512))]
        for start in range(0, len(features), BATCH):
            cuts = [f[: len(f) // UNIT * UNIT] for f in features[start : start + BATCH]]
            if min(map(len, cuts)) < UNIT:
                raise MotionError("The published evaluators need motions of four frames or more; leave shorter out.")
            x = np.zeros((len(cuts), max(LONGEST, *map(len, cuts)), len(self.mean)), dtype=np.float32)
            for row, values in enumerate(cuts):
                x[row, : len(values)] = (values - self.mean) / self.std
            with torch.no_grad():
                tokens = self.movement(torch.from_numpy(x[..., :-CONTACTS]))
                made.append(self.motion(tokens, [len(c) // UNIT for c in cuts]).numpy())
        return np.concatenate(made).astype(np.float64)

    def of_words(self, captions: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Embeddings [N, 512] of captions as tokens "word/POS"."""
        if self.vocabulary is None:
            raise MotionError(
                "The evaluators read words by our_vab_data.npy and our_vab_idx.pkl; put them beside finest.tar."
            )
        made = [np.empty((0, 512))]
        for start in range(0, len(captions), BATCH):
            read = [self.vocabulary.tokens(tokens) for tokens in captions[start : start + BATCH]]
            lengths = [len(vectors) for vectors, _ in read]
            padded = [nn.utils.rnn.pad_sequence([torch.from_numpy(r[k]) for r in read], True) for k in (0, 1)]
            with torch.no_grad():
                made.append(self.text.embed(padded[0], padded[1], lengths).numpy())
        return np.concatenate(made).astype(np.float64)

    def motions(self, positions: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Embeddings [N, 512] of positions [T, 22, 3] at 20 fps, as HumanML3D would make features of them."""
        if len(self.mean) != 263:
            raise MotionError("KIT's published evaluators read KIT's features; use them with a KIT-ML folder.")
        offsets = humanml3d.uniform_offsets()
        return self.of_features([humanml3d.process(p.astype(np.float64), offsets) for p in positions])

    def texts(self, sentences: NDArray[Any]) -> None:
        """A pack holds sentence embeddings, not words: nothing can be said."""
        del sentences


def read(path: Path) -> Published:
    """The evaluators in finest.tar; a MotionError names what is missing or does not fit."""
    stored = tensors(path)
    try:
        columns = int(stored["movement_encoder"]["main.0.weight"].shape[1])
        networks = (MovementEncoder(columns), Sequencer(512, 1024), TextEncoder())
        for name, network in zip(("movement_encoder", "motion_encoder", "text_encoder"), networks, strict=True):
            network.load_state_dict(stored[name])
            network.eval()
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"{path} does not hold the evaluators of text_mot_match ({reason}); get it again.") from None
    mean, std = (statistics(path.parent, columns + CONTACTS, which) for which in ("mean", "std"))
    return Published(*networks, mean, std, vocabulary(path.parent))


def tensors(path: Path) -> dict[str, dict[str, Tensor]]:
    """The file's state dicts, read as numbers alone."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MotionError(f"There is no evaluator {path}; give the published finest.tar, or our folder.") from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MotionError(f"{path} cannot be read as numbers alone ({reason}); it was not run. Get it again.") from None


def statistics(folder: Path, width: int, which: str) -> NDArray[np.float32]:
    """mean.npy or std.npy of the evaluators; a MotionError for the data set's own, which is a classic mistake."""
    prefix = PREFIXES.get(width, "t2m")
    places = [folder / f"{prefix}_{which}.npy", folder / f"{which}.npy", folder / "meta" / f"{which}.npy"]
    for path in places:
        if path.is_file():
            values = np.load(path, allow_pickle=False).astype(np.float32)
            if values.shape != (width,):
                raise MotionError(f"{path} has the shape {values.shape}, this evaluator's has {width} numbers.")
            return values
    raise MotionError(f"The published evaluator's own {prefix}_{which}.npy is missing; put it into {folder}.")


class Plain(pickle.Unpickler):
    """Lists, dicts, texts and numbers; anything that could run is refused."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name}")


def vocabulary(folder: Path) -> Vocabulary | None:
    """GloVe's words beside the evaluator or in glove/; None if they are not there."""
    for place in (folder, folder / "glove"):
        data, index = place / "our_vab_data.npy", place / "our_vab_idx.pkl"
        if data.is_file() and index.is_file():
            try:
                with index.open("rb") as file:
                    rows = Plain(file).load()
                vectors = np.load(data, allow_pickle=False).astype(np.float32)
                if not isinstance(rows, dict) or not {"sos", "eos", "unk"} <= set(rows):
                    raise ValueError("it lacks the marks")
                return Vocabulary(vectors, rows)
            except (OSError, ValueError, EOFError, pickle.UnpicklingError) as error:
                raise MotionError(f"{index} or {data.name} is no vocabulary ({error}); get them again.") from None
    return None
