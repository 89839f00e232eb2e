"""One unit of a dataset of pages with its lines and order made again: pictures and manifest rows stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.dataset.copying import member, renamed
from jobs.dataset.original import Original
from pipeline.ingest.layout import laid_out_again
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import SHARD_PREFIX, GenerationFiles, unit_name
from pipeline.shards.hashes import minhash
from pipeline.shards.tar import SampleFacts, ShardBuilder, read_parquet
from schemas.dataset import UnitMarker
from schemas.index import INDEX_SCHEMA
from schemas.page import Page

RECORD = "json"


class RelayoutWorker:
    """Does units of one generation, one after another."""

    def __init__(self, pages_url: str, url: str, generation: str) -> None:
        pages = Dataset(pages_url)
        self._original = Original(pages, next(g for g in pages.info.generations if g.name == generation))
        self._files = GenerationFiles(Store(url), generation)

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Make unit `unit` and publish it; calls `tick` after each page."""
        tar, index = self._original.shard(unit)
        builder = ShardBuilder()
        for row in read_parquet(index, INDEX_SCHEMA, "index").to_pylist():
            _add(builder, row, [member(tar, row["key"], entry) for entry in row["members"]])
            tick()
        name = unit_name(unit)
        stem = f"{SHARD_PREFIX['pages']}-{name}"
        rows = renamed(self._original.rows(name), self._files.name, stem)
        return self._files.write_unit(name, rows, (stem, *builder.finish()))


def _add(builder: ShardBuilder, row: dict[str, Any], members: list[tuple[str, bytes]]) -> None:
    (record,) = (data for name, data in members if name == RECORD)
    page = laid_out_again(Page.from_json(record))
    again = [(name, page.to_json() if name == RECORD else data) for name, data in members]
    facts = SampleFacts(
        document=row["document"],
        words=row["words"],
        minhash=minhash(page.words.text),  # of words in their order
        phash=row["phash"],
    )
    builder.add(row["key"], again, facts)
