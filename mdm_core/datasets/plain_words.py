"""Which plain sentence says the same as one of other people's (`wordings`): "lands a kick" is "a person kicks"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import action_words, describe, moment_words, wordings
from .captions import mirror_words

PLAIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "labels": action_words.WORDS,
    "moments": {**describe.WORDS, **moment_words.WORDS},
    "measured": describe.WORDS,
}
"""The verb phrases of each tag of the table, the plainest first."""
LEFT = re.compile(r"\b(left\w*|counter-?clockwise|anti-?clockwise)\b", re.IGNORECASE)
RIGHT = re.compile(r"\b(right(ward\w*)?|(?<!-)clockwise)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Reworded:
    """A wording, the plain sentence that says the same, and what both are about."""

    about: str
    wording: str
    plain: str

    @property
    def mirrored(self) -> Reworded:
        """The same of the mirrored motion."""
        return Reworded(self.about, mirror_words(self.wording), mirror_words(self.plain))


def side(sentence: str) -> int:
    """1 where a sentence speaks more of the left than of the right, -1 for the right, 0 for neither."""
    left, right = len(LEFT.findall(sentence)), len(RIGHT.findall(sentence))
    return (left > right) - (left < right)


def reworded() -> tuple[Reworded, ...]:
    """Every wording that names the side of one of its tag's plain phrases, with the plainest of these."""
    found: list[Reworded] = []
    for kind, phrases in PLAIN.items():
        for tag, sentences in wordings.table()[kind].items():
            plain = [f"a person {phrase}" for phrase in phrases[tag]]
            for sentence in sentences:
                same = [p for p in plain if side(p) == side(sentence)]
                found += [Reworded(f"{kind}: {tag}", sentence, same[0])] if same else []
    return tuple(found)
