"""The sinusoid table against the values of spec/mdm.md section 2 and against float64."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.engine.positions import sinusoid


def test_published_values() -> None:
    """spec/mdm.md section 2: pe[1][:4] at width 512."""
    np.testing.assert_allclose(sinusoid(2, 512)[1, :4], [0.841471, 0.540302, 0.821856, 0.569695], atol=1e-6)
    np.testing.assert_array_equal(sinusoid(1, 8), [[0, 1, 0, 1, 0, 1, 0, 1]])


@pytest.mark.parametrize("width", [64, 96, 512])
def test_float32_rounding_stays_small_over_a_thousand_steps(width: int) -> None:
    """omega to half a unit in the last place moves the angle at step 999 by at most 1e-4."""
    position, k = np.arange(1000)[:, None], np.arange(width // 2)
    angle = position / 10000.0 ** (2 * k / width)
    ours = sinusoid(1000, width).astype(np.float64)
    assert ours.shape == (1000, width)
    np.testing.assert_allclose(ours[:, 0::2], np.sin(angle), atol=1.2e-4)
    np.testing.assert_allclose(ours[:, 1::2], np.cos(angle), atol=1.2e-4)
