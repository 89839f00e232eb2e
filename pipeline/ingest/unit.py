"""One unit of ingestion: a slice of the plan becomes a shard, its index, its manifest rows and its marker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.ingest.config import IngestConfig
from pipeline.ingest.page import MadePage, PageMaker
from pipeline.ingest.probe import listed_of, take_beside
from pipeline.pages import PageError
from pipeline.shards.files import Store
from pipeline.shards.generation import SHARD_PREFIX, GenerationFiles, unit_name
from pipeline.shards.hashes import minhash, phash
from pipeline.shards.tar import SampleFacts, ShardBuilder
from pipeline.sources import SourceError, read_source
from schemas.dataset import UnitMarker
from schemas.manifest import PLAN_SCHEMA, ManifestRow, Reason, Status
from schemas.page import DocumentRef, page_key


class IngestWorker:
    """Does units of one generation, one after another."""

    def __init__(
        self,
        url: str,
        generation: str,
        config: IngestConfig,
        passwords: Sequence[str] = (),
        ocr_models: Path | None = None,
    ) -> None:
        self._files = GenerationFiles(Store(url), generation)
        self._plan = self._files.plan_reader(PLAN_SCHEMA)
        self._maker = PageMaker(config, passwords, ocr_models)

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Make unit `unit` and publish it; calls `tick` after each page."""
        rows = self._plan.unit(unit).to_pylist()
        stem = f"{SHARD_PREFIX['pages']}-{unit_name(unit)}"
        builder = ShardBuilder()
        manifest: list[ManifestRow] = []
        for row, made in self._pages(rows):
            if isinstance(made, MadePage):
                add_page(builder, made)
            manifest.append(self._row(row, made, stem))
            tick()
        return self._files.write_unit(unit_name(unit), manifest, (stem, *builder.finish()))

    def close(self) -> None:
        """End the child processes; another `run` would start new ones."""
        self._maker.close()

    def _pages(self, rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], MadePage | PageError]]:
        for (uri, sha256), group in groupby(rows, key=lambda row: (row["uri"], row["sha256"])):
            pages = list(group)
            document = DocumentRef(sha256=sha256, uri=uri, pages=pages[0]["pages"])
            try:
                self._open(pages[0])
            except (SourceError, PageError) as error:
                yield from ((row, PageError(error.reason, error.detail)) for row in pages)
                continue
            for row in pages:
                try:
                    yield row, self._make(document, row["page"])
                except PageError as error:
                    yield row, error

    def _open(self, row: dict[str, Any]) -> None:
        """Open a planned document and what lies beside it; all may have changed since."""
        source = read_source(listed_of(row))
        if source.sha256 != row["sha256"]:
            raise PageError(Reason.CHANGED, "its bytes are not those that were planned")
        count = self._maker.open(source.format, source.data)
        if count != row["pages"]:
            raise PageError(Reason.CHANGED, f"{count} pages, {row['pages']} were planned")
        take_beside(self._maker.beside, source, count)

    def _make(self, document: DocumentRef, number: int) -> MadePage:
        beside = self._maker.beside
        return self._maker.make(document, number, beside.truth(number), beside.words(number))

    def _row(self, row: dict[str, Any], made: MadePage | PageError, stem: str) -> ManifestRow:
        ok = made.record if isinstance(made, MadePage) else None
        error = made if isinstance(made, PageError) else None
        return ManifestRow(
            key=page_key(row["sha256"], row["page"]),
            document=row["sha256"][:16],
            page=row["page"],
            uri=row["uri"],
            sha256=row["sha256"],
            status=Status.OK if ok else Status.REJECTED,
            reason=error.reason if error else None,
            detail=error.detail if error else None,
            route=ok.route.value if ok else None,
            words=len(ok.words.text) if ok else None,
            generation=self._files.name,
            shard=stem if ok else None,
        )


def add_page(builder: ShardBuilder, made: MadePage) -> None:
    """Append a page to a shard, with what its index says of it."""
    record = made.record
    builder.add(
        record.key,
        [(made.picture.extension, made.picture.data), ("json", record.to_json())],
        SampleFacts(
            document=record.document.sha256[:16],
            words=len(record.words.text),
            minhash=minhash(record.words.text),
            phash=phash(made.picture.pixels),
        ),
    )
