"""What tests of several rooms share: how hypothesis runs, and real motion capture where ../shared is there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

settings.register_profile("mdm", deadline=None, max_examples=40)
settings.load_profile("mdm")
"""No deadline: a busy machine is not a wrong result."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers have a core each, which the threads of NumPy and torch would only fight over."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


SHARED = Path(__file__).resolve().parents[2] / "shared"
CLIPS = ("136_24", "105_31", "35_16", "09_01", "91_45", "49_08", "55_25", "86_15")
"""CMU: slow and ordinary walks, a run, a jump, cartwheels, a dance, walking and sitting down."""


@pytest.fixture(scope="session")
def mocap() -> dict[str, NDArray[np.float64]]:
    """Real motion by clip name: positions [T <= 160, 22, 3] on the uniform skeleton, 20 fps, feet on y = 0."""
    if not (SHARED / "data" / "cmu_positions.npz").is_file():
        pytest.skip("motion capture is read from ../shared/data, which is not here")
    cmu = pytest.importorskip("mdm_core.datasets.cmu", reason="reading motion capture needs SciPy")
    from mdm_core.features import humanml3d

    result: dict[str, NDArray[np.float64]] = {}
    for row, raw in cmu.read(SHARED / "data"):
        if row["id"] in CLIPS:
            measured = cmu.without_still_ends(cmu.to_smpl22(raw), float(row["fps"]))
            uniform = humanml3d.to_uniform_skeleton(
                cmu.to_rate(measured, float(row["fps"])), humanml3d.uniform_offsets()
            )
            result[str(row["id"])] = cmu.on_floor(humanml3d.to_origin(uniform))[:160]
    assert set(result) == set(CLIPS)
    return result
