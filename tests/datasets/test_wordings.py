"""The table of people's words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mdm_core.datasets import action_words, describe, moment_words, wordings
from mdm_core.datasets.captions import mirror_words
from mdm_core.evaluation.paraphrases import PARAPHRASES, SECOND

TABLE = wordings.table()
SENTENCES = [(kind, tag) for kind in ("labels", "moments", "measured") for tag in TABLE[kind]]


def side(words: str) -> str:
    """The side that words name, "" for none; of turns, the sense counts as one."""
    lefts = len(re.findall(r"\b(left\w*|counterclockwise)\b", words))
    rights = len(re.findall(r"\b(right(ward\w*)?|clockwise)\b", words))
    return "left" if lefts > rights else "right" if rights > lefts else ""


def test_every_tag_that_is_described_has_words() -> None:
    assert set(action_words.WORDS) == set(TABLE["labels"])
    assert set(moment_words.WORDS) == set(TABLE["moments"]) | {
        "left",
        "right",
        "forward fast",
        "arm both",
        "crouch",
        "lie_down",
    }
    assert set(describe.WORDS) == set(TABLE["measured"]) == set(TABLE["parts"])


@pytest.mark.parametrize(("kind", "tag"), SENTENCES)
def test_no_sentence_is_there_twice_nor_kept_back_by_evaluation(kind: str, tag: str) -> None:
    said = TABLE[kind][tag]
    assert len(set(said)) == len(said) >= 5
    assert not set(said) & {*PARAPHRASES.values(), *SECOND.values()}


@pytest.mark.parametrize("tag", [tag for _, tag in SENTENCES if re.search("left|right", tag)])
def test_no_sentence_names_the_other_side(tag: str) -> None:
    own = "left" if "left" in tag else "right"
    for kind in ("moments", "measured"):
        said = TABLE[kind].get(tag, [])
        assert {side(words) for words in said} <= {own, ""}
        assert not said or np.mean([side(words) == own for words in said]) > 0.6
        assert {side(mirror_words(words)) for words in said} <= {"left" if own == "right" else "right", ""}


def test_what_is_drawn_comes_once() -> None:
    drawn = wordings.some("labels", "kick", 12, np.random.default_rng(0))
    assert len(set(drawn)) == 12 and set(drawn) <= set(TABLE["labels"]["kick"])
    assert wordings.some("labels", "no such label", 3, np.random.default_rng(0)) == ()
    everything = wordings.some("moments", "run jump", 99, np.random.default_rng(0))
    assert sorted(everything) == sorted(TABLE["moments"]["run jump"])


def test_parts_are_verb_phrases_in_two_forms() -> None:
    for tag, pairs in TABLE["parts"].items():
        for third, gerund in pairs:
            verbs = [words.split()[:2] for words in (third, gerund)]
            assert any(word.endswith("s") for word in verbs[0]), (tag, third)
            assert any(word.endswith("ing") for word in verbs[1]), (tag, gerund)
