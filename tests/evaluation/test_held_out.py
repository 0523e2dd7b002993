"""Which windows are measured on, and how they are put into batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.errors import MotionError
from mdm_core.evaluation import held_out
from tests.evaluation.small_pack import FRAMES, KINDS, small_pack

PACK = small_pack()


def test_only_measured_motion_of_held_out_people_is_drawn_and_no_kind_twice_in_a_batch() -> None:
    names = list(PACK.names)
    own = np.flatnonzero(held_out.held(PACK))
    names[own[0]] += "+cycle"
    names[own[1]] += "~1"  # a part of a recording, which is as measured as the whole
    items = held_out.draw(replace(PACK, names=tuple(names)), 3, np.random.default_rng(0))
    assert len(items) == 96
    assert {int(PACK.subjects[item.clip]) for item in items} == {HELD_OUT[0]}
    drawn = {item.clip for item in held_out.draw(replace(PACK, names=tuple(names)), 30, np.random.default_rng(0))}
    assert own[0] not in drawn and own[1] in drawn
    for start in (0, 32, 64):
        assert {item.kind for item in items[start : start + 32]} == set(range(KINDS))
    assert all(item.sentence == item.kind for item in items)


def test_windows_are_cut_to_the_grid_and_short_or_wordless_ones_left_out() -> None:
    windows = PACK.windows.copy()
    own = np.flatnonzero(held_out.held(PACK))
    windows[own[0], 2], windows[own[1], 2], windows[own[2]] = 39, 47, (own[2], 10, 67)
    words = list(PACK.words)
    words[own[3]] = np.empty(0, dtype=np.int64)
    pack = replace(PACK, windows=windows, words=tuple(words))
    items = held_out.draw(pack, 40, np.random.default_rng(0))
    frames = {item.clip: (item.start, item.frames) for item in items}
    assert own[0] not in frames and own[3] not in frames
    assert frames[own[1]] == (0, 40) and frames[own[2]] == (10, 56) and frames[own[4]] == (0, FRAMES)
    cut = next(item for item in items if item.clip == own[2])
    np.testing.assert_array_equal(
        held_out.positions(pack, cut), pack.positions[own[2] * FRAMES + 10 : own[2] * FRAMES + 66]
    )


def test_a_pack_without_held_out_people_is_refused() -> None:
    with pytest.raises(MotionError, match="no captioned motion of the subjects that are held out"):
        held_out.draw(replace(PACK, subjects=np.ones_like(PACK.subjects)), 1, np.random.default_rng(0))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_other_batches_hold_the_same_items_and_the_same_kinds(seed: int) -> None:
    items = held_out.draw(PACK, 4, np.random.default_rng(1))
    order = held_out.rebatched(items, np.random.default_rng(seed))
    assert sorted(order) == list(range(128))
    for start in range(0, 128, 32):
        assert {items[k].kind for k in order[start : start + 32]} == set(range(KINDS))


def test_fewer_kinds_than_a_batch_holds_come_about_equally_often() -> None:
    few = held_out.held(PACK) & np.isin([int(words[0]) for words in PACK.words], range(10))
    items = held_out.draw(PACK, 1, np.random.default_rng(0), clips=few)
    counts = np.bincount([item.kind for item in items])
    assert len(items) == 32 and counts.min() >= 3 and counts.max() <= 4
