"""Looking at one input: is it a document, and of how many pages. Nothing that is wrong with it is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.beside import Beside
from pipeline.pages.base import PageError
from pipeline.pages.sandbox import Sandbox
from pipeline.sources import Listed, Source, SourceError, read_source, truth_beside
from schemas.manifest import Reason


@dataclass(frozen=True)
class Probe:
    """What opening one input showed: a document of `pages` pages, or a reason why not."""

    sha256: str | None = None
    format: str | None = None
    pages: int = 0
    reason: Reason | None = None
    detail: str | None = None

    def row(self) -> dict[str, Any]:
        """As a row of PROBE_SCHEMA."""
        return asdict(self) | {"reason": self.reason.value if self.reason else None}


def listing_row(listed: Listed) -> dict[str, Any]:
    """As a row of LISTING_SCHEMA; a name that no record can hold is written with escapes, and never opened."""
    shown = listed.uri.encode(errors="backslashreplace").decode()
    return {
        "uri": shown,
        "stamp": listed.stamp,
        "offset": listed.offset,
        "size": listed.size,
        "words_offset": listed.words_offset,
        "words_size": listed.words_size,
        "whole_tar": listed.whole_tar,
        "fault": None if shown == listed.uri else "its name is not Unicode, which no record can hold",
    }


def listed_of(row: Mapping[str, Any]) -> Listed:
    """The input of a row of LISTING_SCHEMA or PLAN_SCHEMA."""
    places = {name: row[name] for name in ("offset", "size", "words_offset", "words_size")}
    return Listed(row["uri"], row.get("stamp", ""), **places)


def probe(row: Mapping[str, Any], sandbox: Sandbox, beside: Beside) -> Probe:
    """Read, recognise and open one input, given as a row of LISTING_SCHEMA, and what lies beside it."""
    if row["fault"]:
        return Probe(reason=Reason.UNREADABLE, detail=row["fault"])
    try:
        source = read_source(listed_of(row))
    except SourceError as error:
        return Probe(sha256=error.sha256, reason=error.reason, detail=error.detail)
    try:
        pages = sandbox.open(source.format, source.data)
        take_beside(beside, source, pages)
    except PageError as error:
        return Probe(source.sha256, reason=error.reason, detail=error.detail)
    return Probe(source.sha256, source.format.value, pages)


def take_beside(beside: Beside, source: Source, pages: int) -> None:
    """Have words and truth of an open document parsed; PageError where one of them is bad."""
    try:
        truth = truth_beside(source.uri)
    except ValueError as error:
        raise PageError(Reason.BAD_TRUTH, str(error)) from None
    beside.take(source.words, truth, pages)
