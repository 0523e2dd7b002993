"""The choice of a Python: by what it says of itself, in a fixed order, wherever it is installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools import interpreters

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are shell scripts")
NOWHERE = {"PATH": "", "HOME": "/nonexistent"}


def stand_in(path: Path, says: str) -> Path:
    """A program that answers the probe like a Python of some version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_this_python_is_read_right() -> None:
    assert interpreters.version_of([sys.executable]) == sys.version_info[:2]


@pytest.mark.parametrize("says", ["3.11 False cpython", "3.11 True pypy", "Python 2.7", ""])
def test_what_is_not_a_64_bit_cpython_has_no_version(tmp_path: Path, says: str) -> None:
    assert interpreters.version_of([str(stand_in(tmp_path / "python", says))]) is None


def test_what_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert interpreters.version_of([str(tmp_path / "missing")]) is None


def test_this_python_comes_first_where_it_fits(tmp_path: Path) -> None:
    stand_in(tmp_path / "python3", "{}.{} True cpython".format(*sys.version_info[:2]))
    mine = (sys.version_info[0], sys.version_info[1])
    assert interpreters.find([mine], {**NOWHERE, "PATH": str(tmp_path)}) == [sys.executable]


def test_the_version_counts_and_not_the_name(tmp_path: Path) -> None:
    stand_in(tmp_path / "a" / "python3.77", "3.76 True cpython")
    wanted = stand_in(tmp_path / "b" / "python3.77", "3.77 True cpython")
    path = os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])
    assert interpreters.find([(3, 77)], {**NOWHERE, "PATH": path}) == [str(wanted)]


def test_the_first_wanted_version_wins(tmp_path: Path) -> None:
    stand_in(tmp_path / "python3.78", "3.78 True cpython")
    first = stand_in(tmp_path / "python3.77", "3.77 True cpython")
    assert interpreters.find([(3, 77), (3, 78)], {**NOWHERE, "PATH": str(tmp_path)}) == [str(first)]


def test_pyenv_is_searched_newest_release_first(tmp_path: Path) -> None:
    for release in ("3.77.2", "3.77.10", "3.76.1"):
        stand_in(tmp_path / "versions" / release / "bin" / "python3.77", "3.77 True cpython")
    found = interpreters.find([(3, 77)], {**NOWHERE, "PYENV_ROOT": str(tmp_path)})
    assert found == [str(tmp_path / "versions" / "3.77.10" / "bin" / "python3.77")]


def test_none_is_found_where_there_is_none() -> None:
    assert interpreters.find([(3, 77)], NOWHERE) is None
