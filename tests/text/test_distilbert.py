"""DistilBERT from a folder, against the library's own loading and tokenizer, and folders that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.text.minilm import BUNDLED

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mdm_core.text import torch_distilbert  # noqa: E402

SIZES = {"dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 32, "max_position_embeddings": 40}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small DistilBERT as the library saves one, with the published vocabulary."""
    torch.manual_seed(0)
    transformers.DistilBertForMaskedLM(transformers.DistilBertConfig(**SIZES)).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_bytes((BUNDLED / "vocab.txt").read_bytes())
    return tmp_path


@pytest.mark.parametrize("text", ["a person walks forward", "", "Résumé, jumps 2x!", "走路 👋", "walk " * 30])
def test_the_states_of_all_tokens(folder: Path, text: str) -> None:
    """[CLS] to [SEP], as the library's own model gives them for its own tokens."""
    ours = torch_distilbert.load(folder, exact=False).states(text)
    model = transformers.DistilBertModel.from_pretrained(folder).eval()
    tokens = transformers.BertTokenizer(str(folder / "vocab.txt"))(text, return_tensors="pt")
    with torch.inference_mode():
        wanted = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, wanted[0].numpy(), atol=1e-5)


def test_the_vocabulary_may_be_in_tokenizer_json(folder: Path) -> None:
    wanted = torch_distilbert.load(folder, exact=False).states("a person walks")
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    (folder / "vocab.txt").unlink()
    with pytest.raises(MotionError, match=r"vocab\.txt is missing"):
        torch_distilbert.load(folder, exact=False)
    stored = {"model": {"vocab": {piece: i for i, piece in enumerate(pieces)}}}
    (folder / "tokenizer.json").write_text(json.dumps(stored))
    np.testing.assert_array_equal(torch_distilbert.load(folder, exact=False).states("a person walks"), wanted)


def test_more_tokens_than_positions_are_a_sentence(folder: Path) -> None:
    encoder = torch_distilbert.load(folder, exact=False)
    assert encoder.states("walk " * 38).shape == (40, 24)
    with pytest.raises(MotionError, match="more than the 40 word pieces"):
        encoder.states("walk " * 39)


def test_another_size_is_named(folder: Path) -> None:
    with pytest.raises(MotionError, match=r'config\.json has "dim": 24; MDM needs 768'):
        torch_distilbert.load(folder)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"model_type": "bert"}, r'config\.json has the model_type "bert"'),
        ({"n_layers": 3}, "not a whole DistilBERT"),
    ],
)
def test_a_folder_that_does_not_fit(folder: Path, change: dict[str, Any], match: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(MotionError, match=match):
        torch_distilbert.load(folder, exact=False)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="is no folder"):
        torch_distilbert.load(tmp_path / "nowhere")
