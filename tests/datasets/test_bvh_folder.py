"""BVH by joint names: what our own writer writes is read back, in any unit and with either axis up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets import bvh_folder
from mdm_core.errors import MotionError
from mdm_core.io import bvh
from mdm_core.motion import Motion
from tests.datasets.bodies import moved, standing, turned

LIMBS = [1, 2, 4, 5, 7, 8, 10, 11, 12, 16, 17, 18, 19, 20, 21]


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, np.ndarray]:
    body = turned(moved(standing(30), (0, 0, 1.2)), 0.8)
    bvh.write(tmp_path / "walk.bvh", Motion(body.astype(np.float32), 30.0))
    return tmp_path / "walk.bvh", body


def test_joints_come_back_in_metres_at_their_rate(written: tuple[Path, np.ndarray]) -> None:
    """Spine joints are put anew along the trunk, all others are where they were."""
    path, body = written
    found = bvh_folder.read_one(path, "somebody/walk")
    assert found.fps == 30 and found.subject == "somebody"
    np.testing.assert_allclose(found.positions[:, LIMBS], body[:, LIMBS], atol=2e-3)
    np.testing.assert_allclose(found.positions, body, atol=0.06)


def test_z_up_and_inches_are_seen(written: tuple[Path, np.ndarray]) -> None:
    path, body = written
    clip = bvh.parse(path.read_text(encoding="utf-8"))
    inches = body[..., [0, 2, 1]] * [1, -1, 1] / 0.0254
    np.testing.assert_allclose(bvh_folder.upright(inches) * 0.0254, body, atol=1e-9)
    assert bvh_folder.unit(body / 0.0254, path) == pytest.approx(0.0254)
    assert bvh_folder.unit(body, path) == 1 and bvh_folder.unit(body * 100, path) == pytest.approx(0.01)
    assert len(clip.nodes) >= 22


@pytest.mark.parametrize(
    ("old", "new", "said"), [("left_knee", "thing", "known as"), ("MOTION", "M", "not a whole BVH")]
)
def test_what_is_wrong_is_named(written: tuple[Path, np.ndarray], old: str, new: str, said: str) -> None:
    path, _ = written
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(MotionError, match=said) as error:
        bvh_folder.read_one(path, "walk")
    assert "walk.bvh" in str(error.value)
