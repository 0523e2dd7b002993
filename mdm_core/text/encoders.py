"""Which text encoder a model needs, where on this machine it is, and each prompt's states, computed once.

Nothing is fetched: an encoder that is not here is a sentence that says how to get it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mdm_core.checkpoints import library
from mdm_core.errors import MotionError
from mdm_core.text import folders
from mdm_core.text.low_rank import NO_ADAPTER, Adapter

MINILM, CLIP, DISTILBERT = "all-MiniLM-L6-v2", "CLIP-ViT-B-32", "distilbert-base-uncased"
"""By the names that cards use."""
FOLDERS = {CLIP: "clip-vit-b-32", DISTILBERT: "distilbert-base-uncased"}
"""What they are called in the library and in `mdm models`."""
REPOSITORIES = {
    CLIP: ("openai/clip-vit-base-patch32",),
    DISTILBERT: ("distilbert/distilbert-base-uncased", "distilbert-base-uncased"),
}
LONGEST = 4000
"""Characters of a prompt: more is no description of a motion, and costs seconds before it is cut off."""


class TextEncoder(Protocol):
    """Sentences to the states that a network attends to."""

    def states(self, text: str, /) -> NDArray[np.float32]:
        """[L, E]: one vector a token, or a single one for the sentence."""
        ...


class Cached:
    """An encoder that computes every prompt once."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self.known: dict[str, NDArray[np.float32]] = {}

    def states(self, text: str) -> NDArray[np.float32]:
        """As `TextEncoder.states`; a MotionError for a text of unreasonable length."""
        if len(text) > LONGEST:
            raise MotionError(f"The prompt has {len(text)} characters; say it in fewer than {LONGEST}.")
        if text not in self.known:
            self.known[text] = self.encoder.states(text)
        return self.known[text]


class Sentence:
    """An encoder of whole sentences ([B, E]) as one of states."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self.sentences = sentences

    def states(self, text: str) -> NDArray[np.float32]:
        """[1, E]"""
        return self.sentences.encode([text])


class SentenceEncoder(Protocol):
    """Sentences to vectors [B, E]; `text.minilm.MiniLM` is one."""

    def encode(self, sentences: list[str], /) -> NDArray[np.float32]: ...


def padded(states: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """States of several prompts [B, L, E] for the longest L, and where they are real, [B, L], or None if all are."""
    longest = max(len(one) for one in states)
    text = np.stack([np.pad(one, ((0, longest - len(one)), (0, 0))) for one in states]).astype(np.float32)
    mask = np.arange(longest) < np.array([len(one) for one in states])[:, None]
    return text, None if mask.all() else mask


def load(name: str, path: Path | None = None, adapter: Adapter = NO_ADAPTER) -> Cached:
    """The encoder that a card names: from `path`, or where it is found on this machine.

    adapter: what the model adds to it (`low_rank`), which only MiniLM takes. Raises MotionError if it is not here, is
    another model, or its library is not installed.
    """
    if name == MINILM:
        from mdm_core.text.minilm import MiniLM

        return Cached(Sentence(MiniLM.load(path, adapter)))
    if adapter:
        raise MotionError(f'The model adds to its text encoder "{name}", which only {MINILM} takes; install it again.')
    if name not in FOLDERS:
        known = ", ".join((MINILM, *FOLDERS))
        raise MotionError(f'The model\'s card names the text encoder "{name}"; known are {known}.')
    path = find(name) if path is None else path
    if any(importlib.util.find_spec(package) is None for package in ("torch", "transformers", "ftfy")):
        raise MotionError(f"The text encoder {name} needs `pip install torch transformers ftfy`.")
    if name == CLIP:
        from mdm_core.text import torch_clip

        return Cached(torch_clip.load(path))
    from mdm_core.text import torch_distilbert

    return Cached(torch_distilbert.load(path))


def find(name: str) -> Path:
    """Where the files of an encoder are: the library, the Hugging Face cache, or OpenAI's own cache."""
    own = library.place() / FOLDERS[name]
    openai = Path.home() / ".cache" / "clip" / "ViT-B-32.pt"
    if (own / folders.CONFIG).is_file():
        return own
    for repository in REPOSITORIES[name]:
        snapshot = folders.cached(repository)
        if snapshot is not None:
            return snapshot
    if name == CLIP and openai.is_file():
        return openai
    raise MotionError(
        f"The text encoder {name} is not on this machine; `mdm models get {FOLDERS[name]}` fetches it, and "
        "`mdm models add PATH` takes one that you have."
    )
