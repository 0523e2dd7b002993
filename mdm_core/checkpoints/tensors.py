"""The safetensors file format, read and written with NumPy alone. What the tensors mean is not known here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

HEADER_LIMIT = 100_000_000  # bytes; the limit of the reference implementation
ALIGNMENT = 8  # the data starts at a multiple of this many bytes
DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
BF16 = "BF16"  # the upper half of a float32; NumPy has no such type


def read_safetensors(path: Path | str) -> dict[str, NDArray[Any]]:
    """All tensors of a file by name, writable and aligned; bfloat16 comes as float32, every other type as it is.

    As in the reference implementation, the tensors must fill the data without gap or overlap. Anything
    else is a damaged file: a `MotionError` that names it.
    """
    path = Path(path)
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except FileNotFoundError:
        raise MotionError(f"{path} is missing; install the model again.") from None
    except OSError as error:
        raise MotionError(f"{path} cannot be read ({error.strerror or error}); check the file and try again.") from None
    try:
        header, data = _split(content)
        return {name: _tensor(name, entry, data) for name, entry in _contiguous(header, data.size)}
    except _Damaged as reason:
        raise MotionError(f"{path} is damaged ({reason}); install the model again.") from None


def write_safetensors(
    path: Path | str, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors of the types in `DTYPES`; the file appears whole or not at all.

    Larger element types come first, as the reference implementation orders them, so that every tensor is aligned.
    """
    path = Path(path)
    for name, value in tensors.items():
        if _little_endian(value.dtype) not in NAMES:
            raise ValueError(f"safetensors has no type for {name}: {value.dtype}")
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, value in ordered:
        start, end = end, end + value.nbytes
        dtype = NAMES[_little_endian(value.dtype)]
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)

    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _, value in ordered:
                file.write(value.astype(_little_endian(value.dtype), copy=False).tobytes())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _Damaged(Exception):
    """What is wrong with the content of a file, in a few words."""


def _little_endian(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("<")


def _split(content: NDArray[np.uint8]) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """The parsed header and the bytes after it."""
    if content.size < 8:
        raise _Damaged(f"it has {content.size} bytes, too few for a safetensors file")
    length = int.from_bytes(content[:8].tobytes(), "little")
    if length > HEADER_LIMIT or content[8:9].tobytes() != b"{":
        raise _Damaged("it is not a safetensors file")
    if 8 + length > content.size:
        raise _Damaged("its header is cut off")
    try:
        header = json.loads(content[8 : 8 + length].tobytes().decode("utf-8"))
    except (ValueError, RecursionError):
        raise _Damaged("its header cannot be parsed") from None
    return header, content[8 + length :]


def _contiguous(header: dict[str, Any], size: int) -> list[tuple[str, dict[str, Any]]]:
    """The entries in the order of their data, each checked to begin where the one before ended."""
    entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
    for name, entry in entries:
        if not _well_formed(entry):
            raise _Damaged(f'its entry for "{name}" makes no sense')
    entries.sort(key=lambda item: item[1]["data_offsets"])
    end = 0
    for name, entry in entries:
        if entry["data_offsets"][0] != end:
            raise _Damaged(f'the data of "{name}" overlaps or leaves a gap')
        end = entry["data_offsets"][1]
    if end > size:
        raise _Damaged(f"{end - size} bytes are missing at its end")
    if end < size:
        raise _Damaged(f"it has {size - end} bytes that belong to no tensor")
    return entries


def _well_formed(entry: Any) -> bool:
    """True when type, shape and extent of a header entry are given and agree."""
    if not isinstance(entry, dict) or entry.get("dtype") not in (*DTYPES, BF16):
        return False
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not (_counts(shape) and _counts(offsets) and len(offsets) == 2):
        return False
    itemsize = 2 if entry["dtype"] == BF16 else DTYPES[entry["dtype"]].itemsize
    return offsets[1] - offsets[0] == itemsize * prod(shape)


def _counts(values: Any) -> TypeGuard[list[int]]:
    """True for a list of non-negative integers."""
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


def _tensor(name: str, entry: dict[str, Any], data: NDArray[np.uint8]) -> NDArray[Any]:
    """The tensor of a checked header entry: a view of the data where its alignment allows one."""
    start, end = entry["data_offsets"]
    raw = data[start:end]
    if entry["dtype"] == BF16:
        values = (raw.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif entry["dtype"] == "BOOL" and raw.size and raw.max() > 1:
        raise _Damaged(f'"{name}" holds values that are neither true nor false')
    else:
        values = raw.view(DTYPES[entry["dtype"]])
    try:
        values = values.reshape(entry["shape"])
    except (ValueError, OverflowError):  # more axes or longer ones than NumPy can count
        raise _Damaged(f'its entry for "{name}" makes no sense') from None
    return np.require(values, requirements=["A", "W"])
