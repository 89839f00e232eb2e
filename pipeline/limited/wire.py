"""Messages between parent and child: a JSON head and raw bytes. No pickle: the child's word is not trusted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import orjson

_SIZES = struct.Struct("<II")
_MAX_HEAD = 1 << 20
MAX_BODY = 1 << 30

Bytes = bytes | bytearray
Read = Callable[[int], Bytes]


def pack(head: dict[str, Any], size: int = 0) -> bytes:
    """A message's sizes and head; its body of `size` bytes follows as it is, without being copied."""
    text = orjson.dumps(head)
    return _SIZES.pack(len(text), size) + text


def unpack(read: Read, most: int = MAX_BODY) -> tuple[dict[str, Any], Bytes]:
    """The next message from `read(n)`, which gives exactly n bytes or raises.

    ValueError for nonsense and for a body of more than `most` bytes, before memory is taken for it.
    """
    head_size, body_size = _SIZES.unpack(read(_SIZES.size))
    if head_size > _MAX_HEAD or body_size > min(most, MAX_BODY):
        raise ValueError(f"a message of {head_size} + {body_size} bytes")
    head = orjson.loads(read(head_size))
    if not isinstance(head, dict):
        raise ValueError("a message whose head is not an object")
    return head, read(body_size)
