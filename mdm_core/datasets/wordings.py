"""The same things in many people's words, as they would be typed into a prompt: `wordings.toml`.

Captions in one grammatical form teach a model that form: "kicking", "he lands a kick" and "a left kick" lie far from "a
person kicks" in the text encoder's space. The table was written by authors who had not seen the words that evaluation
keeps back (`mdm_core.evaluation.paraphrases`), but for those of "run jump" and "shift".

labels: action label -> sentences true of any clip with it. moments: tag of `moment_words` -> sentences.
measured: tag of `describe` -> sentences. parts: tag of `describe` -> verb phrases to chain, (third person, gerund).
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("wordings.toml")


@cache
def table() -> dict[str, dict[str, Any]]:
    """The file; see the module."""
    with FILE.open("rb") as file:
        return tomllib.load(file)


def some(kind: str, tag: str, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Up to `count` different sentences about a label, moment or measured tag; none if the table has none."""
    sentences = table()[kind].get(tag, [])
    return tuple(str(sentences[int(k)]) for k in rng.permutation(len(sentences))[:count])


def groups() -> tuple[tuple[str, ...], ...]:
    """The sentences that say the same thing, thing by thing."""
    return tuple(tuple(table()[kind][tag]) for kind in ("labels", "moments", "measured") for tag in table()[kind])


def part(tag: str, *, gerund: bool, rng: np.random.Generator) -> str:
    """A verb phrase about a measured tag; KeyError for a tag that has none."""
    pairs = table()["parts"][tag]
    return str(pairs[int(rng.integers(len(pairs)))][gerund])
