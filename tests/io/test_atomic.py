"""A file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing


def write_half(path: Path, error: Exception) -> None:
    with replacing(path) as part:
        part.write_text("half")
        raise error


def test_success_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert part.suffix == ".bvh" and path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(path, ZeroDivisionError())
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="No space left on device"):
        write_half(tmp_path / "a.npz", OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["", "missing/a.npz"])
def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(MotionError), replacing(tmp_path / place):
        pytest.fail("the block must not run")
