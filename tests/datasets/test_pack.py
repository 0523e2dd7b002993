"""Windows of clips: their labels, and how often which is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import pack
from mdm_core.datasets.cmu import Clip
from tests.datasets.bodies import standing


def clip(name: str, kind: str, *actions: str, frames: int = 120) -> Clip:
    return Clip(name, 1, kind, actions, ("a person moves",), standing(frames))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "label"),
    [
        (clip("01_01", "single", "walk"), "walk"),
        (clip("01_01+cycle", "single", "hop", "jump"), "hop"),
        (clip("01_01", "single", "chop"), ""),
        (clip("01_01", "sequence", "walk", "turn"), ""),
        (clip("01_01&02_02#3", "single", "drink", "while walk"), ""),
        (clip("01_01~wave#3", "single", "wave", "while walk"), ""),
        (clip("01_01~wave#3", "single", "wave", "while idle"), "wave"),
    ],
)
def test_a_window_has_a_label_where_its_clip_shows_one_action(shown: Clip, label: str) -> None:
    found = list(pack.windows(shown, 0, np.random.default_rng(0)))
    assert found and {window.action for window in found} == {label}
