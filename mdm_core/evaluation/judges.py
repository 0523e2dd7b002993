"""Which evaluator a path is: a folder of our own, or the published finest.tar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .evaluator import Evaluator

if TYPE_CHECKING:
    from .comparison import Judge

NO_TEXTS = (
    "R-precision and MM-distance are left out: the published evaluator reads words as GloVe vectors with parts of "
    "speech, which a pack does not hold."
)


def read(path: Path) -> Judge:
    """The evaluator; a `MotionError` says what is missing."""
    if path.suffix == ".tar":
        from . import published

        return published.read(path)
    return Evaluator.read(path)
