"""Messages between a host (Blender) and the worker: how one is written to a stream of bytes and read back.

A frame is an 8-byte prefix (two little-endian u32: bytes of the header, number of arrays), the header as
JSON, then each array's raw little-endian bytes in C order. No pickle: a frame can hold data only, and both
ends may run different versions of Python. Which messages exist is listed at `Message`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

PREFIX = struct.Struct("<II")
MAX_HEADER = 1 << 24
MAX_ARRAY = 1 << 31
DTYPES = ("float32", "float64", "int8", "uint8", "int32", "int64", "bool")
RESERVED = ("kind", "job", "arrays")


class ProtocolError(Exception):
    """The bytes are not frames of this protocol; the stream can't be read any further."""


@dataclass(frozen=True)
class Message:
    """One message. `fields` hold what JSON can; `arrays` are named and hold one of `DTYPES`.

    To the worker: load {model, engine, device}; generate {the same, and the fields of `generator.Request`};
        edit {the same as load, request: the fields of `editing.request.EditRequest`, fps} with positions [T, 22, 3]
        and, if known, contacts [T, 4], or without arrays for a timeline; cancel {} of `job`; shutdown {}.
    From it: ready {card}; progress {stage, step, steps}; result {fps, prompts, seeds, model} with
        positions [K, T, 22, 3] and contacts [K, T, 4]; error {message, detail}; cancelled {}.
    """

    kind: str
    job: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])


def write_frame(stream: BinaryIO, message: Message) -> None:
    """Writes one frame and flushes. Raises ValueError for a message that can't be sent, before a byte is written."""
    for name in RESERVED:
        if name in message.fields:
            raise ValueError(f"'{name}' is not free to be a field's name.")
    arrays = {name: _little_endian(name, array) for name, array in message.arrays.items()}
    layout = [{"name": name, "dtype": array.dtype.name, "shape": list(array.shape)} for name, array in arrays.items()]
    header = {"kind": message.kind, "job": message.job, **message.fields, "arrays": layout}
    encoded = json.dumps(header, allow_nan=False).encode("ascii")
    if len(encoded) > MAX_HEADER:
        raise ValueError(f"A header of {len(encoded)} bytes is too long.")
    stream.write(PREFIX.pack(len(encoded), len(arrays)) + encoded)
    for array in arrays.values():
        stream.write(array.tobytes())
    stream.flush()


def read_frame(stream: BinaryIO) -> Message | None:
    """The next message, or None where the stream ends between two frames.

    Blocks until a whole frame is there. Raises ProtocolError for anything that is not a frame, before
    memory is set aside for it.
    """
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < PREFIX.size:
        raise ProtocolError("The stream ended within a frame.")
    length, count = PREFIX.unpack(prefix)
    if length > MAX_HEADER:
        raise ProtocolError(f"A header of {length} bytes is too long.")
    header = _header(_exactly(stream, length))
    layout = header.pop("arrays")
    if len(layout) != count:
        raise ProtocolError(f"The prefix announces {count} arrays and the header {len(layout)}.")
    arrays = dict(_read_array(stream, entry) for entry in layout)
    return Message(header.pop("kind"), header.pop("job"), header, arrays)


def _little_endian(name: str, array: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(array)
    if array.dtype.name not in DTYPES:
        raise ValueError(f"Array '{name}' is {array.dtype.name}; only {', '.join(DTYPES)} can be sent.")
    if array.nbytes > MAX_ARRAY:
        raise ValueError(f"Array '{name}' is too large: {array.nbytes} bytes.")
    return array.astype(array.dtype.newbyteorder("<"))


def _header(encoded: bytes) -> dict[str, Any]:
    try:
        header = json.loads(encoded.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ProtocolError(f"A header is not JSON: {error}.") from error
    if not isinstance(header, dict):
        raise ProtocolError("A header is not an object.")
    for name, kind in (("kind", str), ("job", int), ("arrays", list)):
        if not isinstance(header.get(name), kind):
            raise ProtocolError(f"A header has no '{name}'.")
    return header


def _read_array(stream: BinaryIO, entry: object) -> tuple[str, NDArray[Any]]:
    match entry:
        case {"name": str(name), "dtype": str(dtype), "shape": [*sizes]} if dtype in DTYPES and all(
            type(size) is int and size >= 0 for size in sizes
        ):
            kind = np.dtype(dtype).newbyteorder("<")
            length = math.prod(sizes) * kind.itemsize
        case _:
            raise ProtocolError(f"A header announces an array that can't be read: {entry!r:.200}.")
    if length > MAX_ARRAY:
        raise ProtocolError(f"Array '{name}' is too large: {length} bytes.")
    flat = np.frombuffer(bytearray(_exactly(stream, length)), dtype=kind)
    return name, flat.astype(kind.newbyteorder("="), copy=False).reshape(sizes)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    """`length` bytes; a buffered stream's read() returns fewer at its end only."""
    data = stream.read(length)
    if len(data) < length:
        raise ProtocolError("The stream ended within a frame.")
    return data
