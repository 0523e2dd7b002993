"""The file of a pack: what is read back of it, that older ones can be read, that damage is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from mdm_core.datasets import pack
from mdm_core.datasets.cmu import Clip
from mdm_core.errors import MotionError
from tests.datasets.bodies import moved, standing

NONE_COMPOSED: dict[str, Any] = {"gestures": 0, "waves": 0, "raises": 0, "hands": 0}


def clips() -> list[Clip]:
    """Two that tremble and are too long to be carried on."""
    said = ("a person walks with the left arm up", "a person walks with the right arm up")
    rng = np.random.default_rng(3)
    bodies = [moved(standing(200 + 10 * k), (0, 0, 0.8 + k / 5)) + [k, 0, 0] for k in range(2)]
    bodies = [body + rng.normal(scale=0.01, size=body.shape) for body in bodies]
    return [Clip(f"01_0{k}", 1, "single", ("walk",), said[: k + 1], body) for k, body in enumerate(bodies)]


def encode(sentences: list[str]) -> np.ndarray:
    """Unit vectors that are nearly alike where sentences say nearly the same: sums of their words'."""
    words = [[np.random.default_rng(list(word.encode())).normal(size=384) for word in s.split()] for s in sentences]
    rows = [np.sum(row, axis=0) for row in words]
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pack.build(clips(), tmp_path / "data" / "pack.npz", encode, **NONE_COMPOSED)
    return tmp_path / "data" / "pack.npz"


def older(path: Path, of: pack.Pack) -> None:
    """The pack as it was written before: first differences, embeddings as they are."""
    grid = [np.rint(clip.positions / 0.0002).astype(np.int64) for clip in clips()]
    difference = np.concatenate([np.diff(g, axis=0, prepend=g[:1]) for g in grid])
    text = {"names": of.names, "sentences": of.sentences, "action_names": of.action_names, "about": of.about}
    parts: dict[str, Any] = {
        "difference": difference.reshape(-1, 66).T.astype(np.int16),
        "start": np.array([g[0] for g in grid], dtype=np.int32),
        **{name: getattr(of, name) for name in ("offsets", "subjects", "windows", "weight", "actions", "mirrored")},
        "words": np.concatenate(of.words),
        "word_counts": np.array([len(one) for one in of.words]),
        "embeddings": encode(list(of.sentences)).astype(np.float16),
        "text": np.frombuffer(json.dumps(text).encode(), dtype=np.uint8),
    }
    np.savez_compressed(path, **parts)


def test_clips_and_sentences_are_read_back(path: Path) -> None:
    loaded = pack.load(path)
    assert loaded.names == ("01_00", "01_01") and loaded.offsets.tolist() == [0, 200, 410]
    np.testing.assert_allclose(loaded.positions, np.concatenate([c.positions for c in clips()]), atol=0.0001 + 1e-6)
    assert {caption for clip in clips() for caption in clip.captions} <= set(loaded.sentences)
    true, kept = encode(list(loaded.sentences)).astype(np.float64), loaded.embeddings.astype(np.float64)
    np.testing.assert_array_less(np.linalg.norm(kept - true, axis=1), 0.09)
    assert list(path.parent.iterdir()) == [path]


def test_older_packs_are_read(path: Path, tmp_path: Path) -> None:
    new = pack.load(path)
    older(tmp_path / "older.npz", new)
    old = pack.load(tmp_path / "older.npz")
    np.testing.assert_array_equal(old.positions, new.positions)
    np.testing.assert_array_equal(old.embeddings, encode(list(new.sentences)).astype(np.float16))
    assert old.sentences == new.sentences and old.names == new.names
    for name in ("offsets", "subjects", "windows", "weight", "actions", "mirrored"):
        np.testing.assert_array_equal(getattr(old, name), getattr(new, name))
    assert [a.tolist() for a in old.words] == [a.tolist() for a in new.words]


def test_what_composed_clips_repeat_takes_hardly_any_room(tmp_path: Path) -> None:
    walk = np.cumsum(np.random.default_rng(5).normal(scale=0.01, size=(2000, 22, 3)), axis=0)
    sizes: list[int] = []
    for starts in ([0], [0, 100, 50]):
        same = [Clip(f"01_{k}", 1, "single", ("walk",), (), walk[first:]) for k, first in enumerate(starts)]
        pack.build(same, tmp_path / "pack.npz", encode, **NONE_COMPOSED)
        sizes.append((tmp_path / "pack.npz").stat().st_size)
    assert sizes[1] < 1.2 * sizes[0]


def test_a_pack_that_cannot_be_read_says_so(path: Path, tmp_path: Path) -> None:
    whole, bad = path.read_bytes(), tmp_path / "bad.npz"
    with ZipFile(path) as archive:
        members = [(entry.filename, entry.header_offset, entry.compress_size) for entry in archive.infolist()]
    assert {"near.npy", "whole.npy", "text.npy"} <= {name for name, _, _ in members}
    for _, header, size in members:
        at = header + 60 + size // 2
        bad.write_bytes(whole[:at] + bytes(255 - b for b in whole[at : at + 6]) + whole[at + 6 :])
        with pytest.raises(MotionError, match="is no training pack .*make it with `mdm data build`"):
            pack.load(bad)
    for damaged in (b"", whole[:400], whole[: len(whole) // 2], b"no archive"):
        bad.write_bytes(damaged)
        with pytest.raises(MotionError, match="is no training pack"):
            pack.load(bad)
    with pytest.raises(MotionError, match="is no training pack"):
        pack.load(tmp_path / "nowhere.npz")
