"""Which encoder a card names, where it is looked for, and that a prompt is encoded once."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.text import encoders


class Counting:
    """An encoder that counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def states(self, text: str) -> np.ndarray:
        self.asked.append(text)
        return np.full((1, 2), len(text), dtype=np.float32)


def test_a_prompt_is_encoded_once() -> None:
    counting = Counting()
    cached = encoders.Cached(counting)
    for text in ("walk", "run", "walk", "walk"):
        np.testing.assert_array_equal(cached.states(text), np.full((1, 2), len(text)))
    assert counting.asked == ["walk", "run"]


def test_a_prompt_of_ten_thousand_characters() -> None:
    with pytest.raises(MotionError, match="10000 characters"):
        encoders.Cached(Counting()).states("a" * 10_000)


def test_the_bundled_encoder() -> None:
    states = encoders.load(encoders.MINILM).states("a person walks")
    assert states.shape == (1, 384)


def test_an_unknown_encoder() -> None:
    with pytest.raises(MotionError, match='text encoder "t5-xxl"'):
        encoders.load("t5-xxl")


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without models."""
    monkeypatch.setenv("MDM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.usefixtures("empty_home")
@pytest.mark.parametrize("name", [encoders.CLIP, encoders.DISTILBERT])
def test_one_that_is_not_here_is_not_fetched(name: str) -> None:
    with pytest.raises(MotionError, match=rf"not on this machine; `mdm models get {encoders.FOLDERS[name]}`"):
        encoders.load(name)


def test_where_it_is_looked_for(empty_home: Path) -> None:
    """The library first, then the Hugging Face cache, then OpenAI's."""
    openai = empty_home / ".cache" / "clip" / "ViT-B-32.pt"
    snapshots = empty_home / "hf" / "hub" / "models--openai--clip-vit-base-patch32" / "snapshots"
    own = empty_home / "models" / "clip-vit-b-32"
    for path, config in ((openai, False), (snapshots / "abc", True), (own, True)):
        path.parent.mkdir(parents=True, exist_ok=True)
        if config:
            path.mkdir()
            (path / "config.json").write_text("{}")
        else:
            path.touch()
        assert encoders.find(encoders.CLIP) == path


def test_without_the_library(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MotionError, match="pip install torch transformers ftfy"):
        encoders.load(encoders.DISTILBERT, empty_home)
