"""Takes survive a file unchanged, and a damaged file says so instead of giving wrong motion."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm_core.errors import MotionError
from mdm_core.io import npz
from mdm_core.motion import Motion


def take(seed: int, frames: int = 12) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(
        positions=rng.normal(size=(frames, 22, 3)).astype(np.float32),
        fps=20.0,
        contacts=rng.random((frames, 4)) > 0.5,
        prompt=f"a person waves, “çà {seed}”",
        seed=seed,
        model="bundled",
        features=rng.normal(size=(frames, 7)).astype(np.float32),
    )


def assert_same(a: Motion, b: Motion) -> None:
    for name in ("positions", "contacts", "features"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype
    assert (a.fps, a.prompt, a.seed, a.model) == (b.fps, b.prompt, b.seed, b.model)


def test_takes_come_back_as_they_were(tmp_path: Path) -> None:
    takes = [take(3), take(4), take(2**62)]
    npz.write(tmp_path / "a.npz", takes)
    for written, back in zip(takes, npz.read(tmp_path / "a.npz"), strict=True):
        assert_same(written, back)


def test_the_schema_is_the_documented_one(tmp_path: Path) -> None:
    npz.write(tmp_path / "a.npz", [take(0), take(1)])
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        shapes = {name: (file[name].shape, file[name].dtype.kind) for name in file.files}
    assert shapes == {
        "positions": ((2, 12, 22, 3), "f"),
        "fps": ((), "f"),
        "contacts": ((2, 12, 4), "b"),
        "features": ((2, 12, 7), "f"),
        "prompts": ((2,), "U"),
        "seeds": ((2,), "i"),
        "model": ((), "U"),
    }


def test_what_is_not_known_stays_unknown(tmp_path: Path) -> None:
    bare = Motion(positions=np.zeros((3, 22, 3), dtype=np.float32))
    npz.write(tmp_path / "a.npz", [bare])
    back = npz.read(tmp_path / "a.npz")[0]
    assert back.contacts is None and back.features is None and back.seed is None and back.prompt == ""


def test_takes_that_do_not_fit_one_file_are_refused(tmp_path: Path) -> None:
    for other in (take(1, frames=5), replace(take(1), fps=30.0), replace(take(1), model="other")):
        with pytest.raises(MotionError, match="a file each"):
            npz.write(tmp_path / "a.npz", [take(0), other])
    with pytest.raises(MotionError):
        npz.write(tmp_path / "a.npz", [])
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_still_right(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.npz"
    npz.write(path, [take(1)])
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    else:
        path.write_bytes(whole[:place])
    with contextlib.suppress(MotionError):
        assert_same(take(1), npz.read(path)[0])


@pytest.mark.parametrize(
    "arrays",
    [
        {"positions": np.zeros((3, 22, 3))},
        {"positions": np.zeros((1, 3, 21, 3))},
        {"positions": np.full((1, 3, 22, 3), np.nan)},
        {"poses": np.zeros((1, 3, 22, 3))},
    ],
)
def test_another_npz_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, fps=20.0, prompts=np.array(["a"]), seeds=np.array([1]), model=np.array("m"), **arrays)
    with pytest.raises(MotionError, match="does not hold takes"):
        npz.read(path)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, positions=np.array([{"a": 1}], dtype=object))
    with pytest.raises(MotionError):
        npz.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="does not exist"):
        npz.read(tmp_path / "none.npz")
