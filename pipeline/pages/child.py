"""The limited child that opens and renders, and trusts nothing: see `pipeline.limited`."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.limited.serve import Reply, serve
from pipeline.limited.wire import Bytes
from pipeline.pages.base import Limits, PdfEngine, RawPage
from pipeline.pages.document import open_document
from pipeline.pages.opened import Opened
from pipeline.pages.pdfium import let_go


class _Pages:
    """Holds one document at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._limits = Limits(**settings["limits"])
        self._passwords: list[str] = settings["passwords"]
        self._engine = PdfEngine(settings["pdf_engine"])
        if self._engine is PdfEngine.PDFPLUMBER:
            # Now and not with the first page: if it cannot be loaded, no document is to blame.
            import pipeline.pages.plumber  # noqa: F401, PLC0415
        self._document: Opened | None = None

    def ready(self) -> dict[str, Any]:
        return {}

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        if request["op"] == "open":
            self._document = None
            let_go()  # frees the last one first
            self._document = open_document(request["format"], bytes(body), self._limits, self._passwords, self._engine)
            return {"pages": self._document.pages}, b""
        assert self._document is not None, "a page was asked of no document"
        return _page(self._document.page(request["page"], request["longest"], chars=request["chars"]))


def _page(raw: RawPage) -> Reply:
    facts: dict[str, Any] = {
        "declared_rotation": raw.facts.declared_rotation,
        "picture_cover": raw.facts.picture_cover,
        "bilevel": raw.facts.bilevel,
        "size": raw.facts.size,
    }
    height, width, *more = raw.pixels.shape
    body = b"".join(
        (
            np.ascontiguousarray(raw.pixels).data.cast("B"),
            raw.chars.code.astype("<u4").tobytes(),
            raw.chars.box.astype("<f4").tobytes(),
            raw.chars.hidden.astype("u1").tobytes(),
        )
    )
    size = {"width": width, "height": height, "channels": more[0] if more else 1}
    return {**size, "chars": len(raw.chars), "facts": facts}, body


if __name__ == "__main__":
    serve(_Pages)
