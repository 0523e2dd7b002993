"""A file of captions and labels for recordings that have none of their own: JSON lines, a row a recording or a part.

    {"id": "01/01_01", "captions": ["a person jumps"], "actions": ["jump"], "kind": "single", "start": 2, "end": 5.5,
     "fps": 120}

id: the recording's path in the folder without a suffix, or its last part. captions, actions: may be empty or left out.
kind: "single" if the words fit any few seconds, "sequence" (if left out) if they fit the whole alone. start, end:
seconds, if only a part is meant. fps: of AMC files, which do not say it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mdm_core.errors import MotionError

KINDS = ("single", "sequence", "unusable", "uncaptioned")
DECIMATED = 10
"""The captions of ../shared/data say the rate of its positions, every tenth frame of the capture."""


@dataclass(frozen=True)
class Words:
    """A row; see the module. end 0: to the end."""

    kind: str = "sequence"
    captions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    start: float = 0.0
    end: float = 0.0
    fps: float | None = None


@dataclass(frozen=True)
class WordFile:
    """The rows of a file, by id."""

    rows: dict[str, tuple[Words, ...]]

    def of(self, name: str) -> tuple[Words, ...]:
        """The rows of a recording; none if the file does not name it."""
        return self.rows.get(name) or self.rows.get(name.rpartition("/")[2]) or ()

    @property
    def rates(self) -> dict[str, float]:
        """Frames a second by id, where a row says it."""
        return {name: rows[0].fps for name, rows in self.rows.items() if rows[0].fps}


NO_WORDS = WordFile({})


def read(path: Path) -> WordFile:
    """The file; a MotionError names the line and field that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise MotionError(f"{path} cannot be read; give a file of JSON lines in UTF-8.") from None
    rows: dict[str, list[Words]] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            name, words = row(line, f"{path}, line {number},")
            rows.setdefault(name, []).append(words)
    return WordFile({name: tuple(words) for name, words in rows.items()})


def row(line: str, where: str) -> tuple[str, Words]:
    """One line as its id and words."""
    try:
        fields: dict[str, Any] = json.loads(line)
        name = str(fields["id"])
        words = Words(
            str(fields.get("kind", "sequence")),
            strings(fields.get("captions") or []),
            strings(fields.get("actions") or []),
            float(fields.get("start", 0)),
            float(fields.get("end", 0)),
            float(fields["fps"]) if "fps" in fields else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MotionError(f"{where} is not a row of captions ({type(error).__name__}: {error}); correct it.") from None
    if words.kind not in KINDS:
        raise MotionError(f'{where} has the kind "{words.kind}"; use one of {", ".join(KINDS)}.')
    if words.end and words.end <= words.start:
        raise MotionError(f"{where} ends at {words.end:g} s, before it starts; correct it.")
    if words.fps is not None and "fps_certain" in fields and words.fps <= 2 * DECIMATED:
        words = replace(words, fps=words.fps * DECIMATED)
    return name, words


def strings(values: Any) -> tuple[str, ...]:
    """A list of texts; TypeError for anything else."""
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise TypeError("captions and actions are lists of texts")
    return tuple(v.strip() for v in values if v.strip())
