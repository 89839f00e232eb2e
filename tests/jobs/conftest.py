"""A few generated documents and what is made of them, once for all tests of jobs. No OCR, no Ray."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from support.line import MODELS

from jobs.cli import app
from jobs.command import run_app
from pipeline.beside import Beside
from pipeline.ingest import IngestConfig, IngestWorker, InputFiles, accounted, listing_row, make_plan, probe
from pipeline.pages import Sandbox
from pipeline.prepare import Pages, PrepareConfig, PrepareWorker, load_tokenizer, look_at, plan_table, train_tokenizer
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create
from pipeline.sources import list_inputs
from pipeline.synth import Spec, make, save
from pipeline.words import PdfText, RouteConfig
from schemas.page import Page

# A busy machine is no failure: pytest's own timeout bounds each test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

TYPES = ("letter", "form", "invoice")


def write_documents(folder: Path, numbers: range) -> Path:
    """One-page born-digital documents into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in numbers:
        save(folder, make(Spec(index=i, seed=3, document_type=TYPES[i % 3], variant="digital", pages=1)))
    return folder


def ingest_config(pages_per_shard: int = 4) -> IngestConfig:
    """Without OCR, and with small pictures."""
    return IngestConfig(
        route=RouteConfig(pdf_text=PdfText.ALWAYS),
        pages_per_shard=pages_per_shard,
        picture_longest=300,
        ocr_models=MODELS,
    )


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve documents; tests must not change it."""
    return write_documents(tmp_path_factory.mktemp("line") / "documents", range(12))


def ingest_here(inputs: Sequence[Path], out: Path, config: IngestConfig) -> str:
    """The page dataset of `inputs` at `out`, made in this process; its URL."""
    store = Store(str(out))
    info = open_or_create(store, "pages", config.stored())
    files = GenerationFiles(store, "gen-0000")
    listed = InputFiles(files)
    listing = listed.write_listing(map(listing_row, list_inputs([str(place) for place in inputs])))
    with Sandbox(config.limits) as sandbox, Beside(config.limits.for_pages) as beside:
        listed.write_probes(0, [probe(row, sandbox, beside).row() for row in listed.listed(0).to_pylist()])
    plan = make_plan(files, listing, config, accounted(store, info))
    assert plan is not None
    worker = IngestWorker(store.url, files.name, config)
    for unit in range(plan.units):
        worker.run(unit, lambda: None)
    worker.close()
    add_generation(store, info, files.finish(plan, {}))
    return store.url


@pytest.fixture(scope="session")
def ingest_folder() -> Callable[..., str]:
    """`ingest_folder(inputs, out, config)`: see `ingest_here`; without OCR where no configuration is given."""

    def ingest(inputs: Sequence[Path], out: Path, config: IngestConfig | None = None) -> str:
        return ingest_here(inputs, out, config or ingest_config())

    return ingest


@pytest.fixture(scope="session")
def pages(documents: Path) -> str:
    """The page dataset of those documents; tests must not change it."""
    return ingest_here([documents], documents.with_name("pages"), ingest_config())


@pytest.fixture(scope="session")
def tokenizer(pages: str) -> bytes:
    """A vocabulary of their words."""
    dataset = Dataset(pages)
    counts: Counter[str] = Counter()
    for shard in dataset.shards():
        for _, members in dataset.samples(shard):
            counts.update(Page.from_json(members["json"]).words.text)
    return train_tokenizer(counts, 600)


@pytest.fixture(scope="session")
def train(pages: str, tokenizer: bytes) -> str:
    """The training dataset of those pages; tests must not change it."""
    config = PrepareConfig(tokenizer=load_tokenizer(tokenizer).digest, variants=4, picture_size=224, tim_drop_rate=0.2)
    store = Store(str(Path(pages).with_name("train")))
    info = open_or_create(store, "train", config.stored())
    store.write(TOKENIZER_FILE, tokenizer)
    source = Dataset(pages)
    files = GenerationFiles(store, "gen-0000")
    shards = source.shards()
    plan = files.write_plan(
        plan_table(zip(shards, look_at(source, shards), strict=True)),
        1,
        source.info.digest,
        rows=sum(shard.samples for shard in shards),
    )
    worker = PrepareWorker(store.url, files.name, Pages(pages, source.info.digest), config)
    for unit in range(plan.units):
        worker.run(unit, lambda: None)
    add_generation(store, info, files.finish(plan, {}))
    return store.url


Ended = tuple[int, str, str]


@pytest.fixture
def pagemill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`pagemill("ingest", ...)`: the program in this process; (exit code, standard output, standard error)."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pagemill", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_app(app)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run
