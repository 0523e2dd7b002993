"""The inpainting hook by itself; inside the samplers it is tested in tests/diffusion/test_samplers.py."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.editing.inpaint import replace_known
from mdm_core.errors import MotionError

KNOWN = np.array([[[1.0, 2.0], [3.0, 4.0]]], dtype=np.float32)
MASK = np.array([[[True, False], [False, True]]])


def test_known_where_masked_prediction_elsewhere() -> None:
    x0 = np.full((1, 2, 2), 9.0, dtype=np.float32)
    np.testing.assert_array_equal(replace_known(KNOWN, MASK)(x0, 7), [[[1, 9], [9, 4]]])
    assert (x0 == 9).all()


def test_a_wild_prediction_does_not_leak() -> None:
    """x0 * 0 + known would turn infinities of the prediction into NaN in the known part."""
    x0 = np.full((1, 2, 2), np.inf, dtype=np.float32)
    assert replace_known(KNOWN, MASK)(x0, 0)[MASK].tolist() == [1, 4]


def test_torch() -> None:
    torch = pytest.importorskip("torch")
    constrained = replace_known(torch.from_numpy(KNOWN), torch.from_numpy(MASK))(torch.full((1, 2, 2), 9.0), 7)
    assert constrained.tolist() == [[[1, 9], [9, 4]]]


def test_shapes_must_agree() -> None:
    with pytest.raises(MotionError, match="equal shapes"):
        replace_known(KNOWN, MASK[:, :1])
