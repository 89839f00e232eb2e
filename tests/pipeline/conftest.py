"""Small datasets made by the real writers from pages made by hand: no OCR, no Ray, a second for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from pipeline.ingest import IngestConfig, InputFiles, Probe, accounted, listing_row, make_plan
from pipeline.ingest.page import MadePage
from pipeline.ingest.unit import add_page
from pipeline.order import arrange
from pipeline.pages import encode_picture
from pipeline.prepare import (
    Pages,
    PrepareConfig,
    PrepareWorker,
    load_tokenizer,
    look_at,
    plan_table,
    tokenizer_from_vocab,
)
from pipeline.prepare.split import band_records, edges_of, sides_of, split_table
from pipeline.prepare.tim import FEW_WORDS
from pipeline.prepare.tokenizer import SPECIAL
from pipeline.prepare.unit import SPLIT_FILE, TOKENIZER_FILE, generations_of
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create, unit_name
from pipeline.shards.tar import ShardBuilder, parquet_bytes
from pipeline.sources import Listed
from schemas.base import sha256_hex
from schemas.dataset import DatasetInfo, GenerationPlan
from schemas.manifest import ManifestRow, Status
from schemas.page import DocumentRef, Engine, Lines, Orientation, Page, Route, Words, page_key

# A busy machine is no failure: pytest's own timeout bounds each test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SYLLABLES = ("ka", "lo", "mi", "ru", "te", "sa", "no", "vi", "pe", "du")
VOCABULARY = (*SPECIAL, *SYLLABLES, *(f"##{syllable}" for syllable in SYLLABLES))


def _random(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int(sha256_hex(name.encode())[:16], 16)))


@dataclass(frozen=True)
class Document:
    """A document of the tests: the words of each page. `looks_like` gives it another document's pictures."""

    name: str
    pages: Sequence[Sequence[str]]
    looks_like: str | None = None
    colour: bool = False

    @property
    def uri(self) -> str:
        return f"/data/{self.name}.pdf"

    @property
    def sha256(self) -> str:
        return sha256_hex(self.name.encode())

    def key(self, page: int = 0) -> str:
        return page_key(self.sha256, page)

    def picture(self, page: int) -> NDArray[np.uint8]:
        """A checkered page, like no other document's."""
        size = (8, 6, 3) if self.colour else (8, 6)
        blocks = _random(f"picture {self.looks_like or self.name} {page}").integers(0, 256, size)
        return np.asarray(blocks, dtype=np.uint8).repeat(40, axis=0).repeat(40, axis=1)

    def page(self, index: int) -> MadePage:
        """The finished page, with its words in rows of six."""
        text = self.pages[index]
        boxes = [(60 + 150 * (i % 6), 40 + 30 * (i // 6 % 30), 180 + 150 * (i % 6), 62 + 30 * (i // 6 % 30))
                 for i in range(len(text))]  # fmt: skip
        layout = arrange(boxes, 0.75)
        picture = encode_picture(self.picture(index), 1000, bilevel=False)
        record = Page(
            key=self.key(index),
            document=DocumentRef(sha256=self.sha256, uri=self.uri, pages=len(self.pages)),
            page=index,
            size=picture.size,
            route=Route.TEXT_LAYER,
            reason="text-is-good",
            features={},
            orientation=Orientation(),
            engine=Engine(name="by-hand", version="1", models={}, config="0" * 64),
            words=Words(
                text=[text[i] for i in layout.order],
                box=[boxes[i] for i in layout.order],
                line=layout.line,
                confidence=[1.0] * len(text),
                source_line=[0] * len(text),
            ),
            lines=Lines(box=layout.line_box, block=layout.block),
        )
        return MadePage(record, picture)


@dataclass(frozen=True)
class Workshop:
    """Makes datasets in a folder of its own."""

    folder: Path
    per_shard: int = 4
    vocabulary: Sequence[str] = field(default=VOCABULARY)

    @property
    def pages_url(self) -> str:
        return str(self.folder / "pages")

    @property
    def pages(self) -> Dataset:
        return Dataset(self.pages_url)

    @property
    def tokenizer(self) -> bytes:
        return tokenizer_from_vocab("\n".join(self.vocabulary))

    def words(self, name: str, count: int) -> list[str]:
        """Words of one to three syllables, the same for the same name."""
        random = _random(f"words {name}")
        return [
            "".join(SYLLABLES[random.integers(len(SYLLABLES))] for _ in range(random.integers(1, 4)))
            for _ in range(count)
        ]

    def document(self, name: str, *counts: int, **more: Any) -> Document:
        """A document with as many words on each page as `counts` says."""
        return Document(name, [self.words(f"{name} {i}", count) for i, count in enumerate(counts)], **more)

    def add(self, *documents: Document) -> Dataset:
        """One more generation of pages."""
        store = Store(self.pages_url)
        info = open_or_create(store, "pages", IngestConfig(pages_per_shard=self.per_shard).stored())
        files = GenerationFiles(store, f"gen-{len(info.generations):04d}")
        pages = [(document, page) for document in documents for page in range(len(document.pages))]
        plan = self._plan(files, info, documents)
        for unit in range(plan.units):
            self._write_unit(files, unit, pages[unit * self.per_shard : (unit + 1) * self.per_shard])
        add_generation(store, info, files.finish(plan, {}))
        return self.pages

    def _plan(self, files: GenerationFiles, info: DatasetInfo, documents: Sequence[Document]) -> GenerationPlan:
        """List the documents and plan their pages; no documents at all are a generation, too."""
        inputs = InputFiles(files)
        listing = inputs.write_listing(listing_row(Listed(document.uri, "1")) for document in documents)
        if documents:
            probes = [Probe(document.sha256, "pdf", len(document.pages)) for document in documents]
            inputs.write_probes(0, [found.row() for found in probes])
            config = IngestConfig(pages_per_shard=self.per_shard)
            plan = make_plan(files, listing, config, accounted(files.store, info))
            assert plan is not None
            return plan
        refs = inputs.refs(listing)
        return files.seal_plan(
            GenerationPlan(name=files.name, units=0, unit_rows=self.per_shard, rows=0, inputs="", files=refs)
        )

    def _write_unit(self, files: GenerationFiles, unit: int, pages: Sequence[tuple[Document, int]]) -> None:
        stem, builder = f"pages-{unit_name(unit)}", ShardBuilder()
        rows = []
        for document, page in pages:
            made = document.page(page)
            add_page(builder, made)
            rows.append(
                ManifestRow(
                    key=made.record.key,
                    document=document.sha256[:16],
                    page=page,
                    uri=made.record.document.uri,
                    sha256=document.sha256,
                    status=Status.OK,
                    route=made.record.route.value,
                    words=len(made.record.words.text),
                    generation=files.name,
                    shard=stem,
                )
            )
        files.write_unit(unit_name(unit), rows, (stem, *builder.finish()))

    def config(self, **options: Any) -> PrepareConfig:
        """A configuration with this workshop's tokenizer."""
        return PrepareConfig(tokenizer=load_tokenizer(self.tokenizer).digest, **{"picture_size": 224, **options})

    def worker(self, url: str, config: PrepareConfig, exclude: Sequence[Pages] = (), **more: Any) -> PrepareWorker:
        """A worker of the newest generation at `url`."""
        pages = Pages(self.pages_url, more.get("digest", self.pages.info.digest))
        names = sorted(path.name for path in Path(url).glob("gen-*"))
        return PrepareWorker(url, names[-1], pages, config, exclude)

    def prepare(
        self, name: str = "train", units: Sequence[int] | None = None, exclude: Sequence[Pages] = (), **options: Any
    ) -> str:
        """Prepare the generations of pages that the training dataset `name` does not hold; its URL."""
        config = self.config(exclude=[kept.digest for kept in exclude], **options)
        store = Store(str(self.folder / name))
        info = open_or_create(store, "train", config.stored())
        store.write(TOKENIZER_FILE, self.tokenizer)
        pages = self.pages
        held = generations_of(pages.info, info.generations[-1].inputs) if info.generations else []
        shards = pages.shards([g.name for g in pages.info.generations if g.name not in held])
        files = GenerationFiles(store, f"gen-{len(info.generations):04d}")
        rows = sum(shard.samples for shard in shards)
        more = [files.put(SPLIT_FILE, self._split(config))] if config.held_out else []
        table = plan_table(zip(shards, look_at(pages, shards), strict=True))
        plan = files.write_plan(table, 1, pages.info.digest, rows=rows, more=more)
        worker = self.worker(store.url, config, exclude)
        for unit in range(plan.units) if units is None else units:
            worker.run(unit, lambda: None)
        info = add_generation(store, info, files.finish(plan, {}))
        assert isinstance(info, DatasetInfo)
        return store.url

    def _split(self, config: PrepareConfig) -> bytes:
        pages = self.pages
        records = [band_records(pages.index(s), int(s.generation[4:]), FEW_WORDS) for s in pages.shards()]
        return parquet_bytes(split_table(sides_of([edges_of(np.concatenate(records))], config.held_out)))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A workshop of a test's own."""
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def shared_workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop with 30 pages of 20 documents, among them long ones; tests must not add to it."""
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    documents = [made.document(f"short {i}", 40 + 5 * i, colour=i % 3 == 0) for i in range(15)]
    made.add(*documents, *(made.document(f"long {i}", 700, 60, 90) for i in range(5)))
    return made


@pytest.fixture(scope="session")
def train_url(shared_workshop: Workshop) -> str:
    """A training dataset of those pages, three variants; tests must not change it."""
    return shared_workshop.prepare(variants=3, tia_rate=0.3, tim_replace_rate=0.3, tim_drop_rate=0.2)


@pytest.fixture(scope="session")
def make_document() -> type[Document]:
    """Documents with words of a test's own."""
    return Document
