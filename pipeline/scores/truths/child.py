"""The limited child that parses truth of any format, and headers of pictures: see `pipeline.limited`."""

from __future__ import annotations

from typing import Any

from pipeline.limited import PageError
from pipeline.limited.serve import Reply, serve
from pipeline.limited.wire import Bytes
from pipeline.scores.truths.formats import read_truth
from pipeline.scores.truths.pixels import picture_size
from schemas.manifest import Reason


class _Truths:
    """Keeps nothing from one request to the next."""

    def __init__(self, settings: dict[str, Any]) -> None:
        assert not settings, "there is nothing to set"

    def ready(self) -> dict[str, Any]:
        return {}

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        if request["op"] == "size":
            return {"size": picture_size(bytes(body))}, b""
        size = request["size"] and tuple(request["size"])
        try:
            truth = read_truth(bytes(body), request["page"], size)
            return {"known": truth is not None}, b"" if truth is None else truth.to_json()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a file of a stranger's making fails in any way: that is its fault
            what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            raise PageError(Reason.BAD_TRUTH, what.removeprefix("truth: ")) from None


if __name__ == "__main__":
    serve(_Truths)
