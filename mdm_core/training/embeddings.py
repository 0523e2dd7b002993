"""The pack's sentences as a model with a text adapter hears them (`text_adapter`)."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.datasets.pack import Pack, encoded
from mdm_core.text.low_rank import Adapter
from mdm_core.text.minilm import MiniLM

STORED = "embeddings-{key}.safetensors"
CHUNK = 4096  # sentences between two lines of progress


def adapted(pack: Pack, adapter: Adapter, kept_in: Path) -> Pack:
    """The pack with its sentences encoded anew, which takes minutes; what was found is kept in this folder."""
    path = kept_in / STORED.format(key=key(pack.sentences, adapter))
    if not path.exists():
        kept_in.mkdir(parents=True, exist_ok=True)
        write_safetensors(path, {"embeddings": anew(pack.sentences, MiniLM.load(adapter=adapter))})
    return replace(pack, embeddings=read_safetensors(path)["embeddings"])


def anew(sentences: Sequence[str], encoder: MiniLM) -> NDArray[np.float16]:
    """Embeddings [S, 384], saying how far it is."""
    parts: list[NDArray[np.float16]] = []
    for start in range(0, len(sentences), CHUNK):
        parts.append(encoded(sentences[start : start + CHUNK], encoder.encode))
        done = min(len(sentences), start + CHUNK)
        print(f"\r{done} of {len(sentences)} sentences encoded ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return np.concatenate(parts) if parts else encoded((), encoder.encode)


def key(sentences: Sequence[str], adapter: Adapter) -> str:
    """Sixteen letters that are others for other sentences or another adapter."""
    digest = hashlib.sha256("\n".join(sentences).encode())
    for name in sorted(adapter):
        digest.update(name.encode() + adapter[name].tobytes())
    return digest.hexdigest()[:16]
