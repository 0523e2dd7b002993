"""The parity checker on folders that are not the reference's: other sizes and kinds, by an oracle of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the oracle needs torch")

from tests.parity import check
from tests.parity.made import KINDS, make


@pytest.mark.parametrize("name", KINDS)
def test_a_folder_of_the_same_form(name: str, tmp_path: Path) -> None:
    """Every array agrees, on both engines where both know the network."""
    make(name, tmp_path)
    lines = list(check.folder_lines(tmp_path))
    assert [str(line) for line in lines if not line.ok] == []
    with np.load(tmp_path / "case.npz") as stored:
        outputs = [k for k in stored.files if k.startswith(("out", "ddpm"))]
    engines = 2 if KINDS[name].arch == "trans_enc" else 1
    assert len(lines) == len(outputs) * engines and len(outputs) >= 2
