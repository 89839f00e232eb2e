"""One unit of preparation: a shard of pages becomes a shard of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.directory import Directory
from pipeline.prepare.excluded import Excluded
from pipeline.prepare.filters import Unfit
from pipeline.prepare.sample import SampleMaker
from pipeline.prepare.split import Split
from pipeline.prepare.tim import Candidate, Partners
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.shards.dataset import Dataset, ShardRef
from pipeline.shards.files import Store
from pipeline.shards.generation import SHARD_PREFIX, GenerationFiles, generation_name, unit_name
from pipeline.shards.tar import SampleFacts, ShardBuilder, read_parquet
from schemas.base import sha256_hex
from schemas.dataset import DatasetInfo, UnitMarker
from schemas.manifest import SPLIT_SCHEMA, TRAIN_PLAN_SCHEMA, ManifestRow, Reason, Status
from schemas.page import Page
from schemas.sample import TrainSample

TOKENIZER_FILE = "tokenizer.json"
SPLIT_FILE = "plan/split.parquet"  # of a generation, where something is held out
_PICTURES = ("jpg", "png")


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


@dataclass(frozen=True)
class Pages:
    """A page dataset as it was when its digest was `digest`."""

    url: str
    digest: str

    def shards(self) -> list[ShardRef]:
        """Its shards then; ValueError where it never had that digest."""
        dataset = Dataset(self.url).require("pages")
        return dataset.shards(generations_of(dataset.info, self.digest))

    def indexes(self) -> Iterator[pa.Table]:
        """The indexes of those shards."""
        dataset = Dataset(self.url)
        return (dataset.index(shard) for shard in self.shards())


def planned_shards(store: Store, generation: str) -> pa.Table:
    """Rows of TRAIN_PLAN_SCHEMA up to those of `generation`: all shards of pages that a partner may be of."""
    number = int(generation.removeprefix("gen-"))
    tables = [TRAIN_PLAN_SCHEMA.empty_table()]
    for files in (GenerationFiles(store, generation_name(i)) for i in range(number + 1)):
        plan = files.read_plan()
        assert plan is not None, f"{files.name} is worked on without a plan"
        tables += list(files.read_plan_parts(plan, TRAIN_PLAN_SCHEMA))
    return pa.concat_tables(tables).combine_chunks()


class PrepareWorker:
    """Does units of one generation, one after another. Reads partners from the shards of the whole dataset.

    `exclude` are the page datasets that are kept out, with the digests of `config.exclude` in any order.
    """

    def __init__(
        self, url: str, generation: str, pages: Pages, config: PrepareConfig, exclude: Sequence[Pages] = ()
    ) -> None:
        store = Store(url)
        self._files = GenerationFiles(store, generation)
        self._config = config
        self._pages = Dataset(pages.url)
        generations_of(self._pages.info, pages.digest)  # refuses other pages
        planned = planned_shards(store, generation)
        plan = self._files.read_plan()
        assert plan is not None, f"{generation} is worked on without a plan"
        self._first = planned.num_rows - plan.units  # shard of unit 0
        self._directory = Directory(planned, self._index)
        if sorted(kept.digest for kept in exclude) != list(config.exclude):
            raise ValueError(f"the datasets that are kept out are not those of the configuration: {config.exclude}")
        self._excluded = Excluded(index for kept in exclude for index in kept.indexes())
        self._split = self._read_split() if config.held_out else None
        tokenizer = load_tokenizer(read_tokenizer(store, config.tokenizer))
        partners = Partners(self._directory, self._may_stand_in, _share(config))
        self._maker = SampleMaker(config, tokenizer, partners, self._picture_of)

    def _index(self, number: int) -> pa.Table:
        return self._pages.index(self._directory.shard(number))

    def _read_split(self) -> Split:
        name = f"{self._files.name}/{SPLIT_FILE}"
        return Split(read_parquet(self._files.store.read(name), SPLIT_SCHEMA, name), self._config.held_out)

    def _may_stand_in(self, page: Candidate) -> bool:
        """Whether the filters that need no more than the index let a page be a partner."""
        return page.words >= self._config.min_words and self._left_out(page) is None

    def _left_out(self, page: Candidate) -> Unfit | None:
        """Why a page is kept away from this dataset, or None."""
        if (why := self._excluded.why(page)) is not None:
            return Unfit(Reason.EXCLUDED, why)
        if self._split is not None and (side := self._split.side(page.document)) != self._config.split:
            return Unfit(Reason.OTHER_SPLIT, f"its document's side is {side}")
        return None

    def _picture_of(self, candidate: Candidate) -> bytes:
        member = next(m for m in self._directory.members(candidate) if m["name"] in _PICTURES)
        return self._pages.member(self._directory.shard(candidate.shard), candidate.key, member)

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Make unit `unit` and publish it; calls `tick` after each page."""
        number = self._first + unit
        shard = self._directory.shard(number)
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
            if (left_out := self._left_out(candidate)) is not None:
                raise left_out
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


def _share(config: PrepareConfig) -> float:
    """About how many of all documents lie on the side of the split that is made."""
    if not config.held_out:
        return 1.0
    return config.held_out if config.split == "held-out" else 1 - config.held_out


def _facts(row: dict[str, Any], sample: TrainSample) -> SampleFacts:
    return SampleFacts(
        document=row["document"],
        words=row["words"],
        minhash=row["minhash"],
        phash=row["phash"],
        tokens=len(sample.tokens.id),
    )
