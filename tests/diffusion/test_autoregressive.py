"""Blocks that continue each other: which frames are told, how many are made, and prompts shared out among them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_core.diffusion import autoregressive


@pytest.mark.parametrize("library", ["numpy", "torch"])
@given(frames=st.integers(1, 200), block=st.integers(1, 50), before=st.integers(1, 60))
def test_every_block_is_told_the_last_frames(library: str, frames: int, block: int, before: int) -> None:
    """A model that counts on from the last frame it is told makes the numbers in order."""
    into = np.asarray if library == "numpy" else pytest.importorskip("torch").from_numpy
    told: list[int] = []

    def count_on(i: int, prefix: np.ndarray) -> np.ndarray:
        assert prefix.shape == (2, before, 1)
        told.append(i)
        last = float(prefix[0, -1, 0])
        np.testing.assert_array_equal(np.diff(np.asarray(prefix)[..., 0]), 1)
        return into(np.broadcast_to(last + 1 + np.arange(block, dtype=float)[None, :, None], (2, block, 1)).copy())

    start = into(np.broadcast_to(np.arange(-before, 0, dtype=float)[None, :, None], (2, before, 1)).copy())
    made = np.asarray(autoregressive.continued(start, frames, block, count_on))
    assert made.shape == (2, frames, 1)
    np.testing.assert_array_equal(made[1, :, 0], np.arange(frames))
    assert told == list(range(autoregressive.blocks(frames, block)))


@pytest.mark.parametrize(
    ("prompt", "count", "wanted"),
    [
        ("walks", 3, ["walks"] * 3),
        ("walks | sits", 4, ["walks", "walks", "sits", "sits"]),
        ("walks|sits|lies", 3, ["walks", "sits", "lies"]),
        ("walks | sits", 3, ["walks", "walks", "sits"]),
        ("a | b | c", 2, ["a", "b"]),
    ],
)
def test_prompts_are_shared_out_evenly(prompt: str, count: int, wanted: list[str]) -> None:
    assert autoregressive.parts_of(prompt, count) == wanted
