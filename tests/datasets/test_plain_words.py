"""Which plain sentence a wording stands for."""

from __future__ import annotations

import pytest

from mdm_core.datasets import plain_words, wordings
from mdm_core.datasets.captions import mirror_words

EVERY = plain_words.reworded()


@pytest.mark.parametrize(
    ("sentence", "side"),
    [
        ("a person turns left", 1),
        ("goes leftward, counterclockwise", 1),
        ("a counter-clockwise turn", 1),
        ("spins clockwise", -1),
        ("shifts rightwards", -1),
        ("left, right, left", 1),
        ("from left to right", 0),
        ("a person walks", 0),
    ],
)
def test_the_side_that_a_sentence_names(sentence: str, side: int) -> None:
    assert plain_words.side(sentence) == side


def test_a_wording_and_its_plain_sentence_name_the_same_side_also_mirrored() -> None:
    for one in EVERY:
        assert plain_words.side(one.wording) == plain_words.side(one.plain)
        assert plain_words.side(one.mirrored.plain) == -plain_words.side(one.plain)


def test_nearly_every_wording_has_one() -> None:
    table = wordings.table()
    count = sum(len(some) for kind in plain_words.PLAIN for some in table[kind].values())
    assert 0.97 * count < len(EVERY) <= count


def test_the_plainest_is_taken() -> None:
    kick = next(one for one in EVERY if one.about == "labels: kick" and plain_words.side(one.wording) == 0)
    left = next(one for one in EVERY if one.about == "moments: kick left" and "left" in one.wording)
    assert kick.plain == "a person kicks" and left.plain == "a person kicks with the left leg"
    assert left.mirrored.plain == mirror_words(left.plain)
