"""The tokenizer of uncased BERT models (Devlin et al. 2019): text to token ids, from a vocab.txt.

Equal to the `tokenizers` library save for marks and punctuation newer than its tables (Unicode 9 and later).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from mdm_core.errors import MotionError

PAD, UNKNOWN, START, END, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST_WORD = 100  # characters; a longer word is unknown, as in BERT's own code
# Code points of the CJK blocks that are split into single characters. The gap is one of the `tokenizers` library,
# with which the encoder was trained; BERT's own code has none there.
CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class Tokenizer:
    """Splits text at spaces and punctuation, strips case and accents, and cuts words into the longest known pieces."""

    def __init__(self, vocabulary: list[str], *, max_tokens: int = 256) -> None:
        """vocabulary: the piece of each id; pieces inside a word begin with ##. max_tokens counts [CLS] and [SEP]."""
        self.ids = {piece: i for i, piece in enumerate(vocabulary)}
        self.max_tokens = max_tokens
        self._start, self._end, self._unknown = (self.ids[token] for token in (START, END, UNKNOWN))

    @classmethod
    def load(cls, path: Path, *, max_tokens: int = 256) -> Tokenizer:
        """From a vocab.txt, one piece a line. Raises `MotionError` when it is missing or not a vocabulary."""
        try:
            vocabulary = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            return cls(vocabulary, max_tokens=max_tokens)
        except OSError:
            raise MotionError(f"{path} is missing; install the add-on again.") from None
        except (KeyError, UnicodeDecodeError):
            raise MotionError(f"{path} is damaged (it is not BERT's vocabulary); install the add-on again.") from None

    def encode(self, text: str) -> list[int]:
        """Token ids from [CLS] to [SEP]; what does not fit into `max_tokens` is left out."""
        ids = [self._start]
        for word in self._words(text):
            ids += self._pieces(word)
            if len(ids) >= self.max_tokens:
                break
        return [*ids[: self.max_tokens - 1], self._end]

    def _words(self, text: str) -> Iterator[str]:
        """The words in order; a special token that stands in the text literally is one."""
        for part in re.split(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])", text):
            if part in SPECIAL:
                yield part
            else:
                yield from split(normalise(part))

    def _pieces(self, word: str) -> list[int]:
        """Greedily the longest piece from the left; [UNK] for a word that cannot be cut into known pieces."""
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        ids, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self.ids.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    ids.append(piece)
                    start = end
                    break
            else:
                return [self._unknown]
        return ids


def normalise(text: str) -> str:
    """Without control characters, accents and case; one kind of space; CJK characters stand alone."""
    cleaned = "".join(map(_clean, text))
    decomposed = unicodedata.normalize("NFD", cleaned)
    return "".join(map(_fold, decomposed))


def split(text: str) -> Iterator[str]:
    """Words and single punctuation marks of a normalised text."""
    for chunk in text.split():
        word = ""
        for character in chunk:
            if _is_punctuation(character):
                if word:
                    yield word
                yield character
                word = ""
            else:
                word += character
        if word:
            yield word


@lru_cache(maxsize=4096)
def _clean(character: str) -> str:
    """A character as BERT's normaliser keeps it: nothing, a space, itself, or itself between spaces."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs"):
        return ""
    code = ord(character)
    return f" {character} " if any(low <= code <= high for low, high in CJK) else character


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """Nothing for a combining accent, else the character in lower case."""
    return "" if unicodedata.category(character) == "Mn" else character.lower()


@lru_cache(maxsize=4096)
def _is_punctuation(character: str) -> bool:
    """ASCII symbols count as punctuation in BERT, although Unicode calls some of them otherwise."""
    return (character.isascii() and character.isprintable() and not character.isalnum() and character != " ") or (
        unicodedata.category(character).startswith("P")
    )
