"""The sentence encoder all-MiniLM-L6-v2 in NumPy (Wang et al. 2020; Reimers and Gurevych 2019): text to a vector.

Its weights lie in `assets/minilm` in a compact form that `tools/vendor_minilm.py` makes and that is read here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.checkpoints.tensors import read_safetensors
from mdm_core.engine.numpy_layers import Attention, Floats, TransformerLayer, fused
from mdm_core.engine.parameters import Parameters
from mdm_core.errors import MotionError

from .low_rank import NO_ADAPTER, Adapter, adapted
from .wordpiece import Tokenizer

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "minilm"
WEIGHTS, VOCABULARY = "model.safetensors", "vocab.txt"
LAYERS, WIDTH, HEADS, FEED_FORWARD, WORDS = 6, 384, 12, 1536, 30522  # the model's config.json
EPSILON = np.float32(1e-12)  # of its layer norms
MAX_TOKENS = 256  # the model's sentence_bert_config.json
TOKENS_AT_ONCE = 1024  # bounds the memory of a pass: 6 MB for the widest layer
SCALE = ".scale"  # NAME is stored as int8 where NAME.scale stands beside it


class MiniLM:
    """The loaded encoder. Nothing in it changes after loading, so threads may share one."""

    def __init__(
        self, tensors: dict[str, NDArray[Any]], tokenizer: Tokenizer, source: str, adapter: Adapter = NO_ADAPTER
    ) -> None:
        """tensors: upstream's names, in the compact form; source: where they come from, for the errors' text."""
        words = "embeddings.word_embeddings.weight"
        plain = {name: dense(tensors, name, source) for name in tensors if name != words}
        named = Parameters(adapted(plain, adapter), source)
        self.tokenizer = tokenizer
        self.words, self.word_scales = compact(tensors, words, source)  # a text needs few rows of it
        if tensors[words].shape != (WORDS, WIDTH):
            raise MotionError(f'{source} is not what it should be: "{words}" has a wrong size; install it again.')
        self.positions = named.take("embeddings.position_embeddings.weight", MAX_TOKENS, WIDTH)
        self.positions += named.take("embeddings.token_type_embeddings.weight", 1, WIDTH)
        self.norm = named.norm("embeddings.LayerNorm", WIDTH, EPSILON)
        self.layers = [encoder_layer(named, f"encoder.layer.{i}.") for i in range(LAYERS)]

    @classmethod
    def load(cls, folder: Path | None = None, adapter: Adapter = NO_ADAPTER) -> MiniLM:
        """The encoder in `folder`, or the bundled one, with what a model adds to it (`low_rank`).

        A `MotionError` names the file that is missing or damaged.
        """
        folder = BUNDLED if folder is None else folder
        tokenizer = Tokenizer.load(folder / VOCABULARY, max_tokens=MAX_TOKENS)
        if len(tokenizer.ids) != WORDS:
            raise MotionError(f"{folder / VOCABULARY} is damaged ({len(tokenizer.ids)} words); install it again.")
        return cls(read_safetensors(folder / WEIGHTS), tokenizer, str(folder / WEIGHTS), adapter)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors [B, 384], the mean over each text's tokens; what lies beyond 256 tokens is not read.

        Sentences of one length go through together, so that nothing is padded and a text's vector does not
        depend on its neighbours (up to rounding).
        """
        ids = [self.tokenizer.encode(text) for text in texts]
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for row, tokens in enumerate(ids):
            by_length[len(tokens)].append(row)
        vectors = np.empty((len(ids), WIDTH), dtype=np.float32)
        for length, rows in by_length.items():
            size = TOKENS_AT_ONCE // length
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                vectors[some] = self.embed(np.array([ids[row] for row in some]))
        return vectors

    def embed(self, ids: NDArray[np.integer]) -> Floats:
        """Token ids [B, L] to unit vectors [B, 384]."""
        hidden = (self.words[ids] * self.word_scales[ids][..., None]).reshape(*ids.shape, WIDTH)
        hidden += self.positions[: ids.shape[1]]
        hidden = self.norm(hidden)
        for layer in self.layers:
            hidden = layer(hidden)
        mean = hidden.mean(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def dense(tensors: dict[str, NDArray[Any]], name: str, source: str) -> Floats:
    """A tensor as float32, whether it is stored so or compactly."""
    if name + SCALE not in tensors:
        return tensors[name].astype(np.float32, copy=False)
    runs, scales = compact(tensors, name, source)
    return (runs * scales[..., None]).reshape(tensors[name].shape)


def compact(tensors: dict[str, NDArray[Any]], name: str, source: str) -> tuple[NDArray[np.int8], Floats]:
    """A matrix [R, C] as it is stored: runs of n columns, int8 [R, C / n, n], and the scale of each, [R, C / n]."""
    value, scales = tensors.get(name), tensors.get(name + SCALE)
    if value is None or scales is None or not scaled_by_run(value, scales):
        raise MotionError(f'{source} is not what it should be: "{name}" is missing or damaged; install it again.')
    return value.reshape(*scales.shape, -1), scales.astype(np.float32)


def scaled_by_run(value: NDArray[Any], scales: NDArray[Any]) -> bool:
    """Whether a matrix [R, C] divides into the runs that scales [R, C / n] are for."""
    if value.ndim != 2 or scales.ndim != 2 or len(value) != len(scales):
        return False
    return scales.shape[1] > 0 and value.shape[1] % scales.shape[1] == 0


def encoder_layer(named: Parameters, prefix: str) -> TransformerLayer:
    """One layer of BERT (Devlin et al. 2019)."""
    query, key, value = (
        named.linear(f"{prefix}attention.self.{part}", WIDTH, WIDTH) for part in ("query", "key", "value")
    )
    return TransformerLayer(
        Attention(
            HEADS, fused(query, key, value, HEADS), named.linear(prefix + "attention.output.dense", WIDTH, WIDTH)
        ),
        named.norm(prefix + "attention.output.LayerNorm", WIDTH, EPSILON),
        named.linear(prefix + "intermediate.dense", WIDTH, FEED_FORWARD),
        named.linear(prefix + "output.dense", FEED_FORWARD, WIDTH),
        named.norm(prefix + "output.LayerNorm", WIDTH, EPSILON),
    )
