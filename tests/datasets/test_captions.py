"""Words that follow a mirrored motion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_core.datasets.captions import mirror_words

SAFE = st.sampled_from(
    ["left", "right", "Left", "RIGHT", "walks", "clockwise", "counterclockwise", "arm", "turns", ",", "leftwards"]
)


@pytest.mark.parametrize(
    ("caption", "mirrored"),
    [
        ("waves the left hand", "waves the right hand"),
        ("Left foot, then RIGHT foot", "Right foot, then LEFT foot"),
        ("spins counter-clockwise", "spins clockwise"),
        ("turns anticlockwise on the spot", "turns clockwise on the spot"),
        ("steps rightwards", "steps leftwards"),
        ("stands upright at a right angle", "stands upright at a right angle"),
        ("is left-handed", "is right-handed"),
        ("walks forward", "walks forward"),
    ],
)
def test_sides_are_exchanged(caption: str, mirrored: str) -> None:
    assert mirror_words(caption) == mirrored


@given(st.lists(SAFE, max_size=12))
def test_mirroring_twice_gives_the_caption_back(words: list[str]) -> None:
    caption = " ".join(words)
    assert mirror_words(mirror_words(caption)) == caption
