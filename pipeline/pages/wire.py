"""Messages between parent and child: a JSON head and raw bytes. No pickle: the child's word is not trusted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import orjson

_HEAD = struct.Struct("<II")
_MAX_HEAD = 1 << 20
MAX_BODY = 1 << 30

Read = Callable[[int], bytes]


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    text = orjson.dumps(head)
    return _HEAD.pack(len(text), len(body)) + text + body


def unpack(read: Read) -> tuple[dict[str, Any], bytes]:
    """The next message from `read(n)`, which gives exactly n bytes or raises; ValueError for nonsense."""
    head_size, body_size = _HEAD.unpack(read(_HEAD.size))
    if head_size > _MAX_HEAD or body_size > MAX_BODY:
        raise ValueError(f"a message of {head_size} + {body_size} bytes")
    head = orjson.loads(read(head_size))
    if not isinstance(head, dict):
        raise ValueError("a message whose head is not an object")
    return head, read(body_size)
