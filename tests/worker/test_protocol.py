"""Frames: what is written is read back, and nothing but a frame is read."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mdm_core.worker.protocol import DTYPES, RESERVED, Message, ProtocolError, read_frame, write_frame

names = st.text(min_size=1, max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(
        st.sampled_from((np.dtype(dtype), np.dtype(dtype).newbyteorder(">"))),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    )
)
messages = st.builds(
    Message,
    kind=names,
    job=st.integers(0, 2**40),
    fields=st.dictionaries(names.filter(lambda name: name not in RESERVED), json_values, max_size=5),
    arrays=st.dictionaries(names, arrays, max_size=3),
)


def frame(message: Message) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, message)
    return stream.getvalue()


@settings(max_examples=50, deadline=None)
@given(st.lists(messages, max_size=3))
def test_what_is_written_is_read_back(sent: list[Message]) -> None:
    stream = io.BytesIO(b"".join(frame(message) for message in sent))
    for message in sent:
        got = read_frame(stream)
        assert got is not None
        assert (got.kind, got.job, got.fields) == (message.kind, message.job, message.fields)
        assert list(got.arrays) == list(message.arrays)
        for name, array in message.arrays.items():
            assert got.arrays[name].shape == array.shape
            assert got.arrays[name].dtype == array.dtype.newbyteorder("=")
            # bytes, so that NaNs compare too
            assert got.arrays[name].tobytes() == array.astype(array.dtype.newbyteorder("=")).tobytes()
            assert got.arrays[name].flags.writeable
    assert read_frame(stream) is None


def test_the_layout_is_the_documented_one() -> None:
    data = frame(Message("result", 7, {"fps": 20.0}, {"a": np.array([[1, 258]], dtype=">i4")}))
    length, count = struct.unpack("<II", data[:8])
    header = json.loads(data[8 : 8 + length])
    expected = {"kind": "result", "job": 7, "fps": 20.0, "arrays": [{"name": "a", "dtype": "int32", "shape": [1, 2]}]}
    assert count == 1
    assert header == expected
    assert data[8 + length :] == bytes([1, 0, 0, 0, 2, 1, 0, 0])


@settings(max_examples=50, deadline=None)
@given(messages, st.data())
def test_a_frame_cut_short_is_an_error_and_not_a_message(message: Message, data: st.DataObject) -> None:
    whole = frame(message)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(whole[:cut]))


@given(st.binary(max_size=200))
def test_noise_is_never_anything_but_a_protocol_error(noise: bytes) -> None:
    try:
        message = read_frame(io.BytesIO(noise))
    except ProtocolError:
        return
    assert message is None or isinstance(message, Message)


@given(json_values, st.integers(0, 3))
def test_a_header_of_any_shape_is_read_or_refused(header: Any, count: int) -> None:
    encoded = json.dumps(header).encode()
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(struct.pack("<II", len(encoded), count) + encoded))


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "a", "dtype": "object", "shape": [1]},
        {"name": "a", "dtype": "float32", "shape": [-1]},
        {"name": "a", "dtype": "float32", "shape": [1.5]},
        {"name": "a", "dtype": "float32", "shape": [2**40, 2**40]},
        {"name": "a", "dtype": "float32", "shape": 3},
        {"name": 1, "dtype": "float32", "shape": [1]},
        {"dtype": "float32", "shape": [1]},
        "a",
    ],
)
def test_an_array_that_cannot_be_is_refused(entry: object) -> None:
    encoded = json.dumps({"kind": "result", "job": 1, "arrays": [entry]}).encode()
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(struct.pack("<II", len(encoded), 1) + encoded + bytes(100)))


@pytest.mark.parametrize(
    "message",
    [
        Message("x", fields={"job": 3}),
        Message("x", fields={"a": float("nan")}),
        Message("x", arrays={"a": np.array([object()])}),
        Message("x", arrays={"a": np.array(["text"])}),
        Message("x", arrays={"a": np.zeros(2, dtype=np.complex64)}),
    ],
)
def test_what_cannot_be_sent_leaves_the_stream_untouched(message: Message) -> None:
    stream = io.BytesIO()
    with pytest.raises(ValueError, match=r"free|JSON|only|NaN|float"):
        write_frame(stream, message)
    assert stream.getvalue() == b""


def test_a_prompt_in_any_script_and_a_broken_one_arrive() -> None:
    for prompt in ("歩く", "a 🕺 dances", "\udcff lone surrogate"):
        got = read_frame(io.BytesIO(frame(Message("generate", 1, {"prompts": [prompt]}))))
        assert got is not None
        assert got.fields["prompts"] == [prompt]
