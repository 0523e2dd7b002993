"""Embeddings keep their direction, and so does what little differs between a sentence and its mirror image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.datasets.packed_embeddings import packed, unpacked

Rows = np.ndarray


def cosines(a: Rows, b: Rows) -> Rows:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def pairs(seed: int, count: int, apart: float) -> tuple[Rows, Rows]:
    """Unit rows [2 count, 384] and which is whose mirror image, as far apart as said; one pair in three is none."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2 * count, 384))
    rows[count:] = rows[:count] + apart * rows[count:]
    order = rng.permutation(2 * count)
    mirrored = np.empty(2 * count, dtype=np.int64)
    mirrored[order] = np.roll(order, count)
    alone = np.flatnonzero(rng.random(count) < 1 / 3)
    for place in (order[alone], order[alone + count]):
        mirrored[place] = place
    placed = np.empty_like(rows)
    placed[order] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return placed, mirrored


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([0.018, 0.15, 1.0]))
def test_directions_are_kept(seed: int, count: int, apart: float) -> None:
    rows, mirrored = pairs(seed, count, apart)
    again = unpacked(packed(rows.astype(np.float16), mirrored))
    assert again.shape == rows.shape and again.dtype == np.float16
    assert cosines(again, rows).min() > 0.995 and cosines(again, rows).mean() > 0.999 - 0.001 * apart
    two = mirrored != np.arange(len(rows))
    if two.any():
        again = again.astype(np.float64)
        assert cosines((again - again[mirrored])[two], (rows - rows[mirrored])[two]).min() > 0.99


def test_two_spellings_of_one_mirror_image() -> None:
    """As of "anticlockwise", whose mirror image's is "counterclockwise": what others are told from stands alone."""
    rows = np.random.default_rng(0).normal(size=(3, 384))
    for mirrored in ([1, 2, 1], [1, 0, 1], [2, 2, 1], [2, 2, 0]):
        kept = packed(rows, np.array(mirrored))
        assert set(kept.reference[kept.reference]) == set(kept.reference)
        assert cosines(unpacked(kept), rows).min() > 0.995


def test_one_number_that_outweighs_all_others_and_rows_of_nothing() -> None:
    rows = np.zeros((3, 384))
    rows[0, 7] = 1
    rows[1, 7] = rows[1, 9] = -0.5
    np.testing.assert_allclose(unpacked(packed(rows, np.arange(3))), rows, atol=0.005)


@pytest.mark.parametrize("width", [16, 384])
def test_no_sentences(width: int) -> None:
    none = np.zeros((0, width))
    assert unpacked(packed(none, np.zeros(0, dtype=np.int64))).shape == none.shape
