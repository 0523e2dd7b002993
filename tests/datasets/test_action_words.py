"""What action labels say in plain words."""

from __future__ import annotations

import numpy as np

from mdm_core.datasets import action_words, wordings
from mdm_core.datasets.windows import ACTIONS
from mdm_core.evaluation.paraphrases import PARAPHRASES


def test_the_plainest_sentence_is_always_said_and_no_sentence_twice() -> None:
    for seed in range(5):
        said = action_words.sentences(("march", "walk"), np.random.default_rng(seed))
        assert said[0] == "a person marches"
        assert len(said) == len(set(said)) == 7
        assert set(said[3:]) <= set(wordings.table()["labels"]["march"])


def test_labels_without_words_say_nothing() -> None:
    rng = np.random.default_rng(0)
    assert action_words.sentences((), rng) == action_words.sentences(("other", "walk"), rng) == ()


def test_every_label_that_a_model_may_be_told_has_words() -> None:
    in_moments = {"sit_down", "stand_up"}
    assert set(ACTIONS) - in_moments <= set(action_words.WORDS)


def test_no_paraphrase_of_the_probe_is_among_them() -> None:
    said = {
        f"{who} {words}" for who in action_words.SUBJECTS for every in action_words.WORDS.values() for words in every
    }
    assert not said & set(PARAPHRASES.values())
