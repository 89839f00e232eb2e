"""The parent's side of truth of any format: what lies beside documents is as untrusted as they are."""

from __future__ import annotations

from typing import Any

from pipeline.limited import Budget, Closing, LimitedProcess, PageError
from pipeline.limited.wire import Bytes
from pipeline.pages import Limits
from pipeline.scores.truths.base import Size, Truth
from pipeline.scores.truths.pixels import HEAD_BYTES
from schemas.base import MAX_JSON_BYTES


class TruthProcess(Closing):
    """Parses truth and headers of pictures in a limited child, which is started when it is needed."""

    def __init__(self, budget: Budget | None = None) -> None:
        self._process = LimitedProcess("pipeline.scores.truths.child", budget or Limits().for_pages, {})

    def read(self, data: bytes, page: int, size: Size | None, name: str) -> Truth | None:
        """As `read_truth`; ValueError beginning with `name`, too, where a file takes more than it may."""
        request = {"op": "read", "page": page, "size": size}
        if len(data) > MAX_JSON_BYTES:
            raise ValueError(f"{name}: {len(data)} bytes, more than {MAX_JSON_BYTES}")
        try:
            return self._process.insist(lambda: self._process.ask(request, data, _truth, MAX_JSON_BYTES))
        except PageError as error:
            raise ValueError(f"{name}: {error.detail}") from None

    def size(self, head: bytes) -> Size | None:
        """Pixels across and down of a PNG or JPEG that begins with `head`; None where that does not say it."""
        try:
            return self._process.insist(lambda: self._process.ask({"op": "size"}, head[:HEAD_BYTES], _size, 0))
        except PageError:
            return None

    def close(self) -> None:
        """End the child; another request starts a new one."""
        self._process.close()


def _truth(head: dict[str, Any], body: Bytes) -> Truth | None:
    return Truth.from_json(bytes(body)) if head["known"] else None


def _size(head: dict[str, Any], _: Bytes) -> Size | None:
    if head["size"] is None:
        return None
    width, height = head["size"]
    return float(width), float(height)
