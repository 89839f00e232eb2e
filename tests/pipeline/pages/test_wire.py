"""Messages between parent and child."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.wire import MAX_BODY, pack, unpack

HEADS = st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.none(), max_size=4)


def reader(data: bytes) -> Any:
    stream = io.BytesIO(data)

    def read(size: int) -> bytes:
        part = stream.read(size)
        if len(part) != size:
            raise EOFError
        return part

    return read


@given(st.lists(st.tuples(HEADS, st.binary(max_size=50)), max_size=3))
def test_messages_come_one_after_another(messages: list[tuple[dict[str, Any], bytes]]) -> None:
    read = reader(b"".join(pack(head, body) for head, body in messages))
    assert [unpack(read) for _ in messages] == messages
    with pytest.raises(EOFError):
        unpack(read)


@given(HEADS, st.binary(max_size=50), st.data())
def test_a_message_that_ends_early_is_an_end(head: dict[str, Any], body: bytes, data: st.DataObject) -> None:
    whole = pack(head, body)
    with pytest.raises(EOFError):
        unpack(reader(whole[: data.draw(st.integers(0, len(whole) - 1))]))


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
    with pytest.raises(ValueError, match=r"message|document|literal|character"):
        unpack(reader(data))
