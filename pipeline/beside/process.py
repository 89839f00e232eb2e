"""The parent's side of what lies beside a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipeline.limited import Budget, Closing, LimitedProcess
from pipeline.words.base import WordList
from pipeline.words.message import MAX_WORDS_BYTES, unpack_words
from schemas.base import MAX_JSON_BYTES
from schemas.truth import PageTruth

Answer = TypeVar("Answer")


class Beside(Closing):
    """Words and truth of one document at a time, parsed in a limited child. Every failure is a PageError."""

    def __init__(self, budget: Budget) -> None:
        self._process = LimitedProcess("pipeline.beside.child", budget, {})
        self._data: dict[str, bytes] = {}
        self._known: dict[str, bool] = {}
        self._pages = 0
        self._loaded_in = 0  # the incarnation of the child that has it

    def take(self, words: bytes | None, truth: bytes | None, pages: int) -> None:
        """Parse what lies beside a document of `pages` pages, None where there is nothing.

        PageError `bad-truth` or `bad-words` where it cannot be read, or is of another number of pages. Words of a
        layout that nobody knows are no words.
        """
        given = {"truth": truth, "words": words}
        self._data = {kind: data for kind, data in given.items() if data is not None}
        self._known, self._pages = {}, pages
        if self._data:
            self._process.insist(self._load, own=len(self._data))

    def words(self, page: int) -> WordList | None:
        """The words that came with page `page`, or None."""
        if not self._known.get("words"):
            return None
        return self._insist(
            lambda: self._process.ask({"op": "words", "page": page}, b"", unpack_words, MAX_WORDS_BYTES)
        )

    def truth(self, page: int) -> PageTruth | None:
        """The truth of page `page`, or None."""
        if not self._known.get("truth"):
            return None
        return self._insist(
            lambda: self._process.ask(
                {"op": "truth", "page": page}, b"", lambda _, body: PageTruth.from_json(bytes(body)), MAX_JSON_BYTES
            )
        )

    def _insist(self, job: Callable[[], Answer]) -> Answer:
        def loaded() -> Answer:
            if not self._loaded_in or self._loaded_in != self._process.incarnation:
                self._load()
            return job()

        return self._process.insist(loaded, own=len(self._data) + 1)

    def _load(self) -> None:
        self._loaded_in = 0
        for kind, data in self._data.items():
            request = {"op": f"take-{kind}", "pages": self._pages}
            self._known[kind] = self._process.ask(request, data, lambda head, _: bool(head["known"]), 0)
        self._loaded_in = self._process.incarnation

    def close(self) -> None:
        """End the child."""
        self._process.close()
