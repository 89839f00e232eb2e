"""One unit of preparation: a shard of pages becomes a shard of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.sample import SampleMaker, Unfit
from pipeline.prepare.tim import Candidate, Partners
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.shards.dataset import Dataset, ShardRef
from pipeline.shards.files import Store
from pipeline.shards.generation import SHARD_PREFIX, GenerationFiles, unit_name
from pipeline.shards.tar import SampleFacts, ShardBuilder
from schemas.base import sha256_hex
from schemas.dataset import DatasetInfo, UnitMarker
from schemas.manifest import TRAIN_PLAN_SCHEMA, ManifestRow, Status
from schemas.page import Page
from schemas.sample import TrainSample

TOKENIZER_FILE = "tokenizer.json"
_PICTURES = ("jpg", "png")


def plan_table(shards: list[ShardRef]) -> pa.Table:
    """The plan of a training generation: a unit for each shard of pages."""
    rows = [{"generation": s.generation, "shard": s.stem, "samples": s.samples} for s in shards]
    return pa.Table.from_pylist(rows, schema=TRAIN_PLAN_SCHEMA)


def generations_of(info: DatasetInfo, digest: str) -> list[str]:
    """Names of the generations that a dataset had when its digest was `digest`; ValueError where it never was."""
    for count in range(len(info.generations) + 1):
        if DatasetInfo.digest_of(info.generations[:count]) == digest:
            return [generation.name for generation in info.generations[:count]]
    raise ValueError(f"the dataset is another one: no generations of it add up to digest {digest[:16]}")


def read_tokenizer(store: Store, digest: str) -> bytes:
    """tokenizer.json of a training dataset; ValueError where it is not the one that the dataset was made with."""
    data = store.read(TOKENIZER_FILE)
    if sha256_hex(data) != digest:
        raise ValueError(f"{store.url}/{TOKENIZER_FILE} is not what the dataset was made with (sha256 differs)")
    return data


class PrepareWorker:
    """Does units of one generation, one after another. Reads partners from the shards of the whole dataset."""

    def __init__(self, url: str, generation: str, pages_url: str, pages_digest: str, config: PrepareConfig) -> None:
        store = Store(url)
        self._files = GenerationFiles(store, generation)
        self._config = config
        self._pages = Dataset(pages_url)
        self._shards = self._pages.shards(generations_of(self._pages.info, pages_digest))
        self._rows: dict[int, list[dict[str, Any]]] = {}
        tokenizer = load_tokenizer(read_tokenizer(store, config.tokenizer))
        self._maker = SampleMaker(config, tokenizer, Partners(self._candidates()), self._picture_of)

    def _candidates(self) -> Iterator[Candidate]:
        for number, shard in enumerate(self._shards):
            columns = self._pages.index(shard).select(["key", "document", "words", "minhash", "phash"])
            for row_number, row in enumerate(columns.to_pylist()):
                yield Candidate.of(number, row_number, row)

    def _picture_of(self, candidate: Candidate) -> bytes:
        shard = self._shards[candidate.shard]
        if candidate.shard not in self._rows:
            if len(self._rows) >= 16:  # indexes are small, but not all of them are kept
                self._rows.pop(next(iter(self._rows)))
            self._rows[candidate.shard] = self._pages.index(shard).to_pylist()
        row = self._rows[candidate.shard][candidate.row]
        member = next(m for m in row["members"] if m["name"] in _PICTURES)
        return self._pages.member(shard, row["key"], member)

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Make unit `unit` and publish it; calls `tick` after each page."""
        (planned,) = self._files.read_plan_unit(unit, TRAIN_PLAN_SCHEMA).to_pylist()
        number, shard = next(
            (i, s)
            for i, s in enumerate(self._shards)
            if (s.generation, s.stem) == (planned["generation"], planned["shard"])
        )
        stem = f"{SHARD_PREFIX['train']}-{unit_name(unit)}"
        builder = ShardBuilder()
        rows: list[ManifestRow] = []
        for position, (row, members) in enumerate(self._pages.samples(shard)):
            rows.append(self._sample(builder, stem, Candidate.of(number, position, row), row, members))
            tick()
        return self._files.write_unit(unit_name(unit), rows, (stem, *builder.finish()))

    def _sample(
        self, builder: ShardBuilder, stem: str, candidate: Candidate, row: dict[str, Any], members: dict[str, bytes]
    ) -> ManifestRow:
        page = Page.from_json(members["json"])
        picture = next(members[name] for name in _PICTURES if name in members)
        try:
            sample, made = self._maker.make(page, picture, candidate)
        except Unfit as unfit:
            return self._row(page, Status.REJECTED, reason=unfit.reason, detail=unfit.detail)
        builder.add(sample.key, made, _facts(row, sample))
        return self._row(page, Status.OK, words=len(page.words.text), shard=stem)

    def _row(self, page: Page, status: Status, **more: Any) -> ManifestRow:
        return ManifestRow(
            key=page.key,
            document=page.document.sha256[:16],
            page=page.page,
            uri=page.document.uri,
            sha256=page.document.sha256,
            status=status,
            route=page.route.value,
            generation=self._files.name,
            **more,
        )


def _facts(row: dict[str, Any], sample: TrainSample) -> SampleFacts:
    return SampleFacts(
        document=row["document"],
        words=row["words"],
        minhash=row["minhash"],
        phash=row["phash"],
        tokens=len(sample.tokens.id),
    )
