"""Words that go with a motion: exchanging left and right when it is mirrored."""

from __future__ import annotations

import re

SWAPS = {
    "left": "right",
    "right": "left",
    "leftward": "rightward",
    "rightward": "leftward",
    "leftwards": "rightwards",
    "rightwards": "leftwards",
    "lefthand": "righthand",
    "righthand": "lefthand",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
    "counter-clockwise": "clockwise",
    "anticlockwise": "clockwise",
    "anti-clockwise": "clockwise",
}
WORD = re.compile(r"counter-clockwise|anti-clockwise|[A-Za-z]+", re.IGNORECASE)
UPRIGHT = re.compile(r"\b(all right|right away|right angle|upright|outright)\b", re.IGNORECASE)
"""Phrases in which "right" is no side."""


def mirror_words(caption: str) -> str:
    """The caption of the mirrored motion: sides and senses of turning exchanged, capitals kept."""
    spared = [match.span() for match in UPRIGHT.finditer(caption)]

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        other = SWAPS.get(word.lower())
        if other is None or any(a <= match.start() < b for a, b in spared):
            return word
        if word.isupper():
            return other.upper()
        return other.capitalize() if word[0].isupper() else other

    return WORD.sub(swap, caption)
