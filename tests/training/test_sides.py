"""Stretched embeddings: what a network means stays, only how fast it learns sides changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core.datasets.pack import Pack  # noqa: E402
from mdm_core.training import sides  # noqa: E402
from tests.evaluation.small_pack import small_pack  # noqa: E402

SIDE = 3


def sided_pack() -> Pack:
    """Twenty sentences with their mirror images, which differ along one column."""
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(20, 8)) * 0.1
    side = np.where(np.arange(8) == SIDE, rng.uniform(0.5, 1.0, size=(20, 1)), 0.0)
    embeddings = np.concatenate([plain + side, plain - side]).astype(np.float16)
    return replace(
        small_pack(), embeddings=embeddings, mirrored=np.roll(np.arange(40), 20), sentences=tuple(map(str, range(40)))
    )


def test_the_axis_is_that_of_left_and_right() -> None:
    axis = sides.side_axis(sided_pack())
    assert abs(axis[SIDE]) == pytest.approx(1, abs=1e-3)


def test_without_sides_there_is_no_axis() -> None:
    pack = sided_pack()
    assert not sides.side_axis(replace(pack, mirrored=np.arange(40))).any()


def test_stretching_moves_only_along_the_axis() -> None:
    pack = sided_pack()
    axis = np.eye(8, dtype=np.float32)[SIDE]
    long = sides.stretched(pack.embeddings, axis, 4.0)
    expected = pack.embeddings.astype(np.float32) * np.where(np.arange(8) == SIDE, 4, 1)
    np.testing.assert_allclose(long, expected, rtol=1e-6)


def test_weights_mean_the_same_for_stretched_and_for_plain_embeddings() -> None:
    pack = sided_pack()
    axis, gain = sides.side_axis(pack), 4.0
    plain = torch.from_numpy(pack.embeddings.astype(np.float32))
    long = torch.from_numpy(sides.stretched(pack.embeddings, axis, gain))
    given = {sides.WEIGHT: torch.randn(5, 8, generator=torch.Generator().manual_seed(0)), "other": torch.ones(2)}
    trained = sides.for_stretched(given, axis, gain)
    torch.testing.assert_close(long @ trained[sides.WEIGHT].T, plain @ given[sides.WEIGHT].T)
    back = sides.for_plain(trained, axis, gain)
    torch.testing.assert_close(back[sides.WEIGHT], given[sides.WEIGHT])
    assert back["other"] is given["other"]


def test_networks_without_words_stay_as_they_are() -> None:
    given = {"other": torch.ones(2)}
    assert sides.for_plain(given, np.ones(8, dtype=np.float32), 3.0) is given
