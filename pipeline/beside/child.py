"""The limited child that parses words and truth: see `pipeline.limited`."""

from __future__ import annotations

from typing import Any

from pipeline.limited import PageError
from pipeline.limited.serve import Reply, serve
from pipeline.limited.wire import Bytes
from pipeline.words.base import WordList
from pipeline.words.given import given_words
from pipeline.words.message import pack_words
from schemas.manifest import Reason
from schemas.truth import DocumentTruth, PageTruth


class _Parser:
    """Holds what lies beside one document."""

    def __init__(self, settings: dict[str, Any]) -> None:
        assert not settings, "there is nothing to set"
        self._words: list[WordList] | None = None
        self._truth: list[PageTruth] = []

    def ready(self) -> dict[str, Any]:
        return {}

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        match request["op"]:
            case "take-words":
                self._words = _parse_words(bytes(body), request["pages"])
                return {"known": self._words is not None}, b""
            case "take-truth":
                self._truth = _parse_truth(bytes(body), request["pages"])
                return {"known": True}, b""
            case "words":
                assert self._words is not None, "words were asked of a document that has none"
                return pack_words(self._words[request["page"]])
            case _:
                return {}, self._truth[request["page"]].to_json()


def _parse_words(data: bytes, pages: int) -> list[WordList] | None:
    try:
        return given_words(data, pages)
    except ValueError as error:
        raise PageError(Reason.BAD_WORDS, str(error)) from None


def _parse_truth(data: bytes, pages: int) -> list[PageTruth]:
    try:
        truth = DocumentTruth.from_json(data)
    except ValueError as error:
        raise PageError(Reason.BAD_TRUTH, str(error)) from None
    if len(truth.pages) != pages:
        raise PageError(Reason.BAD_TRUTH, f"truth of {len(truth.pages)} pages for a file of {pages}")
    return truth.pages


if __name__ == "__main__":
    serve(_Parser)
