"""Messages between parent and child."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.limited.wire import MAX_BODY, pack, unpack

HEADS = st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.none(), max_size=4)


def reader(data: bytes) -> Any:
    stream = io.BytesIO(data)

    def read(size: int) -> bytes:
        part = stream.read(size)
        if len(part) != size:
            raise EOFError
        return part

    return read


def whole(head: dict[str, Any], body: bytes) -> bytes:
    return pack(head, len(body)) + body


@given(st.lists(st.tuples(HEADS, st.binary(max_size=50)), max_size=3))
def test_messages_come_one_after_another(messages: list[tuple[dict[str, Any], bytes]]) -> None:
    read = reader(b"".join(whole(head, body) for head, body in messages))
    assert [unpack(read) for _ in messages] == messages
    with pytest.raises(EOFError):
        unpack(read)


@given(HEADS, st.binary(max_size=50), st.data())
def test_a_message_that_ends_early_is_an_end(head: dict[str, Any], body: bytes, data: st.DataObject) -> None:
    message = whole(head, body)
    with pytest.raises(EOFError):
        unpack(reader(message[: data.draw(st.integers(0, len(message) - 1))]))


@given(HEADS, st.binary(min_size=1, max_size=50), st.integers(0, 49))
def test_a_body_that_is_larger_than_it_may_be_is_never_read(head: dict[str, Any], body: bytes, most: int) -> None:
    message = pack(head, len(body))
    if len(body) > most:
        with pytest.raises(ValueError, match="a message of"):
            unpack(reader(message), most)
    else:
        assert unpack(reader(message + body), most) == (head, body)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<II", 1 << 21, 0),
        struct.pack("<II", 2, MAX_BODY + 1) + b"{}",
        struct.pack("<II", 2, 0) + b"[]",
        struct.pack("<II", 3, 0) + b"NaN",
        struct.pack("<II", 0, 0),
    ],
)
def test_nonsense_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"message|unexpected|expected|input|NaN|JSON|zero"):
        unpack(reader(data))
