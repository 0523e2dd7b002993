"""Clips made of others."""

from __future__ import annotations

import numpy as np

from mdm_core.datasets import composed
from mdm_core.datasets.cmu import Clip
from tests.datasets.bodies import standing


def swinging(name: str, *actions: str) -> Clip:
    """Arms that swing to and fro, twice a second, for three seconds."""
    body = standing(60)
    body[:, [18, 20], 2] += 0.1 * np.sin(2 * np.pi * np.arange(60) / 10)[:, None]
    return Clip(name, 1, "single", actions, ("a person moves",), body)


def test_what_is_done_once_is_not_carried_on() -> None:
    longer = list(
        composed.carried_on([swinging("1", "talk_gesture"), swinging("2", "fall"), swinging("3", "walk", "stairs")])
    )
    assert [clip.name for clip in longer] == ["1+cycle"]
