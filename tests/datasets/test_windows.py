"""Windows of clips: their labels and words."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import windows
from mdm_core.datasets.cmu import Clip
from tests.datasets.bodies import moved, standing


def clip(name: str, kind: str, *actions: str, frames: int = 120) -> Clip:
    return Clip(name, 1, kind, actions, ("a person moves",), standing(frames))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "label"),
    [
        (clip("01_01", "single", "idle"), "idle"),
        (clip("01_01", "single", "walk"), ""),
        (clip("01_01+cycle", "single", "hop", "jump"), "hop"),
        (clip("01_01", "single", "chop"), ""),
        (clip("01_01", "sequence", "walk", "turn"), ""),
        (clip("01_01&02_02#3", "single", "drink", "while walk"), ""),
        (clip("01_01~wave#3", "single", "wave", "while walk"), ""),
        (clip("01_01~wave#3", "single", "wave", "while idle"), "wave"),
    ],
)
def test_a_window_has_a_label_where_its_clip_shows_one_action(shown: Clip, label: str) -> None:
    found = list(windows.windows(shown, 0, np.random.default_rng(0)))
    assert found and {window.action for window in found} == {label}


def test_windows_of_one_action_are_also_told_in_its_plain_words() -> None:
    said = [set(w.captions) for w in windows.windows(clip("01_01", "single", "bow"), 0, np.random.default_rng(0))]
    assert all("a person bows" in captions for captions in said)
    of_many = windows.windows(clip("01_01", "sequence", "bow", "turn"), 0, np.random.default_rng(0))
    assert not any("a person bows" in w.captions for w in of_many)
    combined = windows.windows(clip("01_01&02_02#3", "single", "bow", "while walk"), 0, np.random.default_rng(0))
    assert not any("a person bows" in w.captions for w in combined)
    standing_still = windows.windows(clip("01_01&02_02#3", "single", "bow", "while idle"), 0, np.random.default_rng(0))
    assert all("a person bows" in w.captions for w in standing_still)


def test_windows_that_do_not_show_the_action_are_not_called_after_it() -> None:
    body = standing(392)
    body[196:] = moved(standing(196), (0, 0, 1.2))
    half = Clip("01_01", 1, "single", ("walk",), ("a person moves",), body)
    found = list(windows.windows(half, 0, np.random.default_rng(0)))
    for window in found:
        walks = (window.stop - max(window.start, 196)) * 1.2 > 0.5 * (window.stop - window.start)
        assert ("a person walks" in window.captions) == (window.action == "walk") == ("walk" in window.tags)
        assert window.action == "walk" or not walks
        assert window.action == "" or window.stop > 196
    assert {window.action for window in found} == {"walk", ""}
