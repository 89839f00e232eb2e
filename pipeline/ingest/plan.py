"""From inputs to a plan: every file is opened once, and every page has a row before any work is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.pages.base import PageError
from pipeline.pages.sandbox import Sandbox
from pipeline.sources import SourceError, read_source, read_truth
from schemas.base import digest
from schemas.manifest import PLAN_SCHEMA, ManifestRow, Reason, Status


@dataclass(frozen=True)
class Probe:
    """What opening one input showed: a document of `pages` pages, or a reason why not."""

    uri: str
    sha256: str | None = None
    format: str | None = None
    pages: int = 0
    reason: Reason | None = None
    detail: str | None = None


def probe(uri: str, sandbox: Sandbox) -> Probe:
    """Read, recognise and open one input; never raises for what is wrong with it."""
    shown = uri.encode(errors="backslashreplace").decode()
    if shown != uri:
        return Probe(shown, reason=Reason.UNREADABLE, detail="its name is not Unicode, which no record can hold")
    try:
        source = read_source(uri)
    except SourceError as error:
        return Probe(uri, sha256=error.sha256, reason=error.reason, detail=error.detail)
    try:
        pages = sandbox.open(source.format, source.data)
        read_truth(uri, pages)
    except PageError as error:
        return Probe(uri, source.sha256, reason=error.reason, detail=error.detail)
    except ValueError as error:
        return Probe(uri, source.sha256, reason=Reason.BAD_TRUTH, detail=str(error)[:300])
    return Probe(uri, source.sha256, source.format.value, pages)


@dataclass(frozen=True)
class Planned:
    """A generation's plan: pages to make, and rows that are decided already (unusable files, duplicates)."""

    pages: pa.Table  # PLAN_SCHEMA
    decided: list[ManifestRow]
    inputs: str  # digest of what was put in


@dataclass
class Planner:
    """Turns probes, in the order of the sources, into a plan. `known` are inputs that earlier generations hold."""

    generation: str
    known: frozenset[tuple[str, str | None]] = frozenset()
    held: frozenset[str] = frozenset()  # hashes of files whose pages are in earlier generations
    _seen: set[str] = field(default_factory=set)

    def plan(self, probes: Iterable[Probe]) -> Planned:
        """The plan; an input that an earlier generation already accounts for is left out."""
        pages: list[dict[str, object]] = []
        decided: list[ManifestRow] = []
        named: list[list[str | None]] = []
        for found in probes:
            if (found.uri, found.sha256) in self.known:
                continue
            named.append([found.uri, found.sha256])
            row = self._decide(found)
            if row is not None:
                decided.append(row)
                continue
            assert found.sha256 is not None
            self._seen.add(found.sha256)
            common = {"uri": found.uri, "sha256": found.sha256, "format": found.format, "pages": found.pages}
            pages += [{**common, "page": i} for i in range(found.pages)]
        return Planned(pa.Table.from_pylist(pages, schema=PLAN_SCHEMA), decided, digest(named))

    def _decide(self, found: Probe) -> ManifestRow | None:
        document = found.sha256[:16] if found.sha256 else None
        if found.reason is not None:
            return ManifestRow(
                uri=found.uri,
                sha256=found.sha256,
                document=document,
                status=Status.REJECTED,
                reason=found.reason,
                detail=found.detail,
                generation=self.generation,
            )
        if found.sha256 in self._seen or found.sha256 in self.held:
            return ManifestRow(
                uri=found.uri,
                sha256=found.sha256,
                document=document,
                status=Status.DUPLICATE,
                reason=Reason.SAME_FILE,
                duplicate_of=found.sha256,
                generation=self.generation,
            )
        return None
