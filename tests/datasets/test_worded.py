"""Files of captions: what a row says, and what is said of a row that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdm_core.datasets import worded
from mdm_core.errors import MotionError


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows) + "\n", encoding="utf-8")
    return path


def test_rows_are_found_by_path_or_by_the_files_name(tmp_path: Path) -> None:
    path = written(
        tmp_path / "words.jsonl",
        {"id": "01/01_01", "captions": [" a person jumps ", ""], "actions": ["jump"], "kind": "single"},
        {"id": "01/01_01", "captions": ["a person lands"], "start": 2, "end": 3.5},
        "",
        {"id": "02_05", "fps": 60},
    )
    words = worded.read(path)
    first, second = words.of("01/01_01")
    assert (first.captions, first.actions, first.kind) == (("a person jumps",), ("jump",), "single")
    assert (second.start, second.end, second.kind) == (2.0, 3.5, "sequence")
    assert words.of("some/folder/02_05")[0].fps == 60 and words.of("03_01") == ()
    assert words.rates == {"02_05": 60.0}


def test_the_shared_captions_say_the_rate_of_every_tenth_frame(tmp_path: Path) -> None:
    path = written(tmp_path / "w", {"id": "a", "fps": 12, "fps_certain": True}, {"id": "b", "fps": 12})
    assert worded.read(path).rates == {"a": 120.0, "b": 12.0}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 1, is not a row"),
        ({"captions": ["a"]}, "is not a row of captions .KeyError: 'id'"),
        ({"id": "a", "captions": "walks"}, "lists of texts"),
        ({"id": "a", "kind": "double"}, 'the kind "double"; use one of single, sequence'),
        ({"id": "a", "start": 3, "end": 2}, "ends at 2 s, before it starts"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(MotionError, match=said):
        worded.read(written(tmp_path / "words.jsonl", row))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="cannot be read"):
        worded.read(tmp_path / "words.jsonl")
