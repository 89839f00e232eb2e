"""Looking at one input: is it a document, and of how many pages. Nothing that is wrong with it is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.pages.base import PageError
from pipeline.pages.sandbox import Sandbox
from pipeline.sources import Listed, SourceError, read_source, read_truth
from pipeline.words.given import given_words
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
        "fault": None if shown == listed.uri else "its name is not Unicode, which no record can hold",
    }


def listed_of(row: Mapping[str, Any]) -> Listed:
    """The input of a row of LISTING_SCHEMA or PLAN_SCHEMA."""
    places = {name: row[name] for name in ("offset", "size", "words_offset", "words_size")}
    return Listed(row["uri"], row.get("stamp", ""), **places)


def probe(row: Mapping[str, Any], sandbox: Sandbox) -> Probe:
    """Read, recognise and open one input, given as a row of LISTING_SCHEMA."""
    if row["fault"]:
        return Probe(reason=Reason.UNREADABLE, detail=row["fault"])
    try:
        source = read_source(listed_of(row))
    except SourceError as error:
        return Probe(sha256=error.sha256, reason=error.reason, detail=error.detail)
    try:
        pages = sandbox.open(source.format, source.data)
    except PageError as error:
        return Probe(source.sha256, reason=error.reason, detail=error.detail)
    for reason, check in (
        (Reason.BAD_TRUTH, lambda: read_truth(row["uri"], pages)),
        (Reason.BAD_WORDS, lambda: given_words(source.words, pages) if source.words is not None else None),
    ):
        try:
            check()
        except ValueError as error:
            return Probe(source.sha256, reason=reason, detail=str(error)[:300])
    return Probe(source.sha256, source.format.value, pages)
