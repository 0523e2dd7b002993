"""safetensors files: both ways against the reference library, and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.errors import MotionError

DTYPES = ["<f4", "<f2", "<f8", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "?"]
ANY_TENSORS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda name: name != "__metadata__"),
    hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)),
    max_size=6,
)
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert value.dtype == b[name].dtype and value.shape == b[name].shape
        assert np.asarray(value).tobytes() == np.asarray(b[name]).tobytes()


@SAME_FOLDER
@given(tensors=ANY_TENSORS)
def test_the_library_reads_what_we_write(tmp_path: Path, tensors: dict[str, Any]) -> None:
    library = pytest.importorskip("safetensors", reason="the reference library is not installed")
    numpy_api = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "ours.safetensors"
    write_safetensors(path, tensors, {"format": "test", "words": "ein Schritt – один"})
    same(numpy_api.load_file(path), tensors)
    with library.safe_open(path, framework="np") as file:
        assert file.metadata() == {"format": "test", "words": "ein Schritt – один"}


@SAME_FOLDER
@given(tensors=ANY_TENSORS)
def test_we_read_what_the_library_writes(tmp_path: Path, tensors: dict[str, Any]) -> None:
    numpy_api = pytest.importorskip("safetensors.numpy", reason="the reference library is not installed")
    path = tmp_path / "theirs.safetensors"
    numpy_api.save_file(tensors, path, {"format": "np"})
    read = read_safetensors(path)
    same(read, tensors)
    assert all(value.flags.writeable and value.flags.aligned for value in read.values())


def test_bfloat16_becomes_the_same_numbers_in_float32(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch_api = pytest.importorskip("safetensors.torch", reason="the reference library is not installed")
    values = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    values[0, 0], values[0, 1] = float("inf"), -0.0
    torch_api.save_file({"a": torch.ones(1, dtype=torch.uint8), "weights": values}, tmp_path / "bf16.safetensors")
    read = read_safetensors(tmp_path / "bf16.safetensors")["weights"]
    assert read.dtype == np.float32
    assert read.tobytes() == values.float().numpy().tobytes()


def test_views_and_other_byte_orders_are_written_as_their_values(tmp_path: Path) -> None:
    path = tmp_path / "views.safetensors"
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T
    big_endian = np.array([1, 2], dtype=">i4")
    write_safetensors(path, {"t": transposed, "b": big_endian})
    read = read_safetensors(path)
    assert read["t"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert read["b"].tolist() == [1, 2] and read["b"].dtype == np.dtype("<i4")


def test_a_type_that_the_format_lacks_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"a": np.zeros(2)})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="complex"):
        write_safetensors(path, {"a": np.zeros(2, dtype=complex)})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def file_of(header: Any, data: bytes, length: int | None = None) -> bytes:
    """The bytes of a safetensors file with any header, even a wrong one."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(start: int, end: int, dtype: Any = "F32", shape: Any = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


GOOD = {"a": entry(0, 8), "b": entry(8, 12)}
DAMAGED = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "a pickle": b"\x80\x02}q\x00(X\x06\x00\x00\x00weightq\x01K\x01u." * 3,
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "header longer than the file": file_of(GOOD, b"\0" * 12, length=10_000),
    "header shorter than it is": file_of(GOOD, b"\0" * 12, length=20),
    "header of exabytes": file_of(GOOD, b"\0" * 12, length=2**63),
    "not JSON": file_of(b"{'a': 1}", b""),
    "not UTF-8": file_of(b'{"\xff": 1}', b""),
    "deep nesting": file_of(b'{"a":' + b"[" * 100_000, b""),
    "data cut off": file_of(GOOD, b"\0" * 11),
    "data too long": file_of(GOOD, b"\0" * 13),
    "overlap": file_of({"a": entry(0, 8), "b": entry(4, 12)}, b"\0" * 12),
    "the same data twice": file_of({"a": entry(0, 8), "b": entry(0, 8)}, b"\0" * 8),
    "gap": file_of({"a": entry(0, 4), "b": entry(8, 12)}, b"\0" * 12),
    "extent against shape": file_of({"a": entry(0, 8, shape=[3])}, b"\0" * 8),
    "backwards": file_of({"a": entry(8, 0, shape=[])}, b"\0" * 8),
    "negative side": file_of({"a": entry(0, 8, shape=[-1, -2])}, b"\0" * 8),
    "side that is no number": file_of({"a": entry(0, 8, shape=["2"])}, b"\0" * 8),
    "a hundred axes": file_of({"a": entry(0, 4, shape=[1] * 100)}, b"\0" * 4),
    "endless empty axis": file_of({"a": entry(0, 0, shape=[0, 2**80])}, b""),
    "unknown type": file_of({"a": entry(0, 8, dtype="F7")}, b"\0" * 8),
    "type that is no word": file_of({"a": entry(0, 8, dtype=["F32"])}, b"\0" * 8),
    "entry without offsets": file_of({"a": {"dtype": "F32", "shape": [2]}}, b"\0" * 8),
    "entry that is a list": file_of({"a": [1, 2]}, b"\0" * 8),
    "bool of 2": file_of({"a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\2"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_named_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(MotionError) as caught:
        read_safetensors(path)
    message = str(caught.value)
    assert str(path) in message and message.endswith("install the model again.") and "\n" not in message


def test_the_undamaged_form_of_those_files_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(file_of(GOOD, np.arange(3, dtype="<f4").tobytes()))
    assert {name: value.tolist() for name, value in read_safetensors(path).items()} == {"a": [0, 1], "b": [2]}


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "model.safetensors"
    make(path)
    with pytest.raises(MotionError, match="model.safetensors"):
        read_safetensors(path)


@SAME_FOLDER
@given(cut=st.integers(0, 10**6), flip=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_damage_escapes_as_another_error(tmp_path: Path, cut: int, flip: int, bit: int) -> None:
    """Cut off or with one bit changed, a file is either read with the same names or refused with a MotionError."""
    whole = file_of(GOOD, np.arange(3, dtype="<f4").tobytes())
    content = bytearray(whole)
    content[flip % len(whole)] ^= 1 << bit
    path = tmp_path / "model.safetensors"
    for damaged in (bytes(content), whole[: cut % len(whole)]):
        path.write_bytes(damaged)
        try:
            assert all(isinstance(value, np.ndarray) for value in read_safetensors(path).values())
        except MotionError as error:
            assert str(path) in str(error)
