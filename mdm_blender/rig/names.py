"""Bone names read past their spelling: case, separators, what stands before and behind, and how sides are written."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

LEFT_WORDS = ("left", "l", "lf", "lft", "左")
RIGHT_WORDS = ("right", "r", "rt", "rgt", "右")
SIDE_OF: Mapping[str, str] = {w: s for s, words in (("left", LEFT_WORDS), ("right", RIGHT_WORDS)) for w in words}
GLUED: Mapping[str, tuple[str, ...]] = {"left": ("left", "l"), "right": ("right", "r")}
"""What may stand for a side inside a word whose case no longer shows where it ends: `leftupleg`, `lthigh`."""

TOKENS = re.compile(r"[左右]|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z左右]+|\d+")


def squash(name: str) -> str:
    """Letters and digits alone, in lower case, full-width forms made plain: `Left_Up.Leg` -> `leftupleg`."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def sided(name: str) -> tuple[str, str] | None:
    """(side, the squashed name without its side) where a word of the name says a side, else None."""
    plain = unicodedata.normalize("NFKC", name)
    for word in TOKENS.finditer(plain):
        side = SIDE_OF.get(word.group().casefold())
        if side is not None:
            return side, squash(plain[: word.start()] + plain[word.end() :])
    return None


class Names:
    """The bones of one rig, to be found by what a table calls them."""

    def __init__(self, bones: Iterable[str]) -> None:
        self.bones = tuple(bones)
        self._squashed: dict[str, list[str]] = defaultdict(list)
        self._sided: dict[tuple[str, str], list[str]] = defaultdict(list)
        for bone in self.bones:
            self._squashed[squash(bone)].append(bone)
            found = sided(bone)
            if found is not None:
                self._sided[found].append(bone)

    @cached_property
    def squashed(self) -> tuple[str, ...]:
        return tuple(self._squashed)

    def find(self, name: str, side: str | None, word: str, affixes: tuple[str, str]) -> list[str]:
        """Bones that may be called `name`, the likeliest first.

        side: "left", "right" or None. word: how the table writes that side. affixes: what stands before and behind
        every name of this rig, squashed.
        """
        before, behind = affixes
        written = name.format(side=word)
        found = [bone for bone in self._squashed.get(before + squash(written) + behind, ()) if self._fits(bone, side)]
        found.sort(key=lambda bone: written not in bone)
        if side is None:
            return found
        core = squash(name.format(side=""))
        found += self._sided.get((side, before + core + behind), ())
        for glued in GLUED[side]:
            for spelled in (
                before + glued + core + behind,
                before + core + glued + behind,
                glued + before + core + behind,
                before + core + behind + glued,
            ):
                found += (bone for bone in self._squashed.get(spelled, ()) if self._fits(bone, side))
        return found

    def _fits(self, bone: str, side: str | None) -> bool:
        """Not the other side's: squashing must not join what a separator kept apart."""
        read = sided(bone)
        return side is None or read is None or read[0] == side

    def affixes(self, name: str) -> set[tuple[str, str]]:
        """What stands before and behind `name` in the bones whose names hold it."""
        core = squash(name)
        found: set[tuple[str, str]] = set()
        for bone in self.squashed:
            at = bone.find(core)
            while at >= 0:
                found.add((bone[:at], bone[at + len(core) :]))
                at = bone.find(core, at + 1)
        return found
