"""DistilBERT (Sanh et al. 2019, distilbert-base-uncased) as MDM uses it: a prompt to the states of all its tokens.

From a Hugging Face folder on this machine, run by the transformers library in float32 on the CPU. The tokens are
those of `text.wordpiece`, with [CLS] and [SEP]; nothing is cut off. Nothing is fetched here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mdm_core.engine import torch_weights
from mdm_core.errors import MotionError
from mdm_core.text.folders import read_config
from mdm_core.text.wordpiece import Tokenizer

NAME = "DistilBERT"
WIDTH, LAYERS, HEADS, WORDS, LONGEST = 768, 6, 12, 30522, 512  # of distilbert-base-uncased
UNUSED = ("vocab_", "classifier.", "pre_classifier.")  # heads of other tasks, which some files carry


class DistilBert:
    """The loaded encoder."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    def states(self, text: str) -> NDArray[np.float32]:
        """The last hidden states [L, 768] of all tokens, [CLS] and [SEP] among them."""
        ids = self.tokenizer.encode(text)
        longest = self.model.config.max_position_embeddings
        if len(ids) > longest:
            raise MotionError(f"The prompt has more than the {longest} word pieces that {NAME} reads; shorten it.")
        with torch.inference_mode():
            return self.model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()


def load(folder: Path, *, exact: bool = True) -> DistilBert:
    """From config.json, vocab.txt or tokenizer.json, and model.safetensors or pytorch_model.bin."""
    try:
        from transformers import DistilBertConfig, DistilBertModel
    except ImportError:
        raise MotionError(f"{NAME} needs the transformers library; `pip install transformers`.") from None
    if not folder.is_dir():
        raise MotionError(f"{folder} is no folder; give the folder of {NAME} with its config.json.")
    stated = read_config(folder, ("distilbert",))
    config = DistilBertConfig(**{name: value for name, value in stated.items() if name in SIZES})
    wanted = {"dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "vocab_size": WORDS}
    for name, value in wanted.items():
        if exact and getattr(config, name) != value:
            raise MotionError(f'{folder / "config.json"} has "{name}": {getattr(config, name)}; MDM needs {value}.')
    tokenizer = read_tokenizer(folder, config.max_position_embeddings)
    try:
        model = torch_weights.filled(lambda: DistilBertModel(config), read_weights(folder))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"The weights in {folder} are not a whole {NAME} ({reason}); download it again.") from None
    return DistilBert(model, tokenizer)


SIZES = ("dim", "n_layers", "n_heads", "hidden_dim", "vocab_size", "max_position_embeddings", "activation")


def read_weights(folder: Path) -> dict[str, NDArray[Any]]:
    """The encoder's parameters by the library's names."""
    return {
        name.removeprefix("distilbert."): value
        for name, value in torch_weights.read_folder(folder).items()
        if not name.startswith(UNUSED)
    }


def read_tokenizer(folder: Path, longest: int) -> Tokenizer:
    """The tokenizer of the folder's own vocabulary; it gives one token more than `longest` when there are more."""
    listed = folder / "vocab.txt"
    if listed.is_file():
        return Tokenizer.load(listed, max_tokens=longest + 1)
    path = folder / "tokenizer.json"
    try:
        ids: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
        return Tokenizer(sorted(ids, key=lambda piece: ids[piece]), max_tokens=longest + 1)
    except (OSError, ValueError, KeyError, TypeError):
        raise MotionError(f"{listed} is missing and {path} holds no vocabulary; download the whole folder.") from None
