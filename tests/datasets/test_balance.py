"""Chances of being drawn."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import balance


def drawn(tags: list[tuple[str, ...]], clip: list[int], most: float = 1.0) -> np.ndarray:
    bucket = np.zeros(len(tags), dtype=np.int64)
    return balance.balance(tags, bucket, np.array(clip), most)


def test_a_tag_s_share_goes_with_the_root_of_its_count() -> None:
    weight = drawn([("chop",)] * 16 + [("saw",)] * 4, list(range(20)))
    assert weight[:16].sum() == pytest.approx(2 * weight[16:].sum())


def test_the_rarest_tag_counts_and_what_is_asked_for_counts_more() -> None:
    weight = drawn([("chop", "saw"), ("chop",), ("chop",), ("chop",), ("bow",)], list(range(5)))
    assert weight[0] == pytest.approx(2 * weight[1])
    assert weight[4] == pytest.approx(balance.ASKED["bow"] * weight[0])


def test_what_nobody_asks_for_is_drawn_less() -> None:
    weight = drawn([("mime", "walk"), ("chop",), ("walk", "mime")], [0, 1, 2])
    assert weight[0] < 0.5 * weight[1]
    assert weight[2] == pytest.approx(weight[0] / balance.LESS["mime"])


def test_no_clip_has_more_than_its_part() -> None:
    tags = [("bow",)] * 10 + [("walk",)] * 300
    clip = [0] * 10 + list(range(1, 301))
    bucket = np.array([0, 1] * 155)
    share = balance.shares(balance.balance(tags, bucket, np.array(clip), 0.02), bucket)
    assert np.bincount(clip, weights=share).max() < 0.0201
    assert share[bucket == 0].sum() == pytest.approx(0.5)
