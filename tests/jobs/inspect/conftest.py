"""Tiny datasets made with the real writers, and the tools to plant faults in them. No OCR, no Ray."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from support.bench import Bench

from jobs.command import run_app
from jobs.environment import environment
from jobs.inspect.app import app
from pipeline.ingest import IngestConfig, InputFiles, Probe, listing_row
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
from pipeline.prepare.tokenizer import SPECIAL
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, inputs_unit, open_or_create, unit_name
from pipeline.shards.tar import ShardBuilder
from pipeline.sources import Listed
from schemas.base import digest
from schemas.dataset import GenerationPlan
from schemas.manifest import (
    PLAN_SCHEMA,
    ManifestRow,
    Reason,
    Status,
)
from schemas.page import DocumentRef, Engine, Lines, Orientation, Page, Route, Words, page_key

PER_SHARD = 3
EVIL = "<script>alert('x')</script>"
SYLLABLES = ("ka", "lo", "mi", "ru", "te", "sa", "no", "vi", "pe", "du")


def _sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True)
class Doc:
    """A document to be put into a dataset: a page for each number of words; None is a page that fails."""

    name: str
    words: Sequence[int | None]
    route: Route = Route.OCR
    text_of: str | None = None  # another document's name: the same text
    first: str | None = None  # the first word of each page

    @property
    def uri(self) -> str:
        return f"/data/{self.name}.pdf"

    @property
    def sha256(self) -> str:
        return _sha(self.name)


def _text(doc: Doc, page: int, count: int) -> list[str]:
    rng = np.random.default_rng(int(_sha(f"{doc.text_of or doc.name} {page}")[:8], 16))
    words = ["".join(rng.choice(SYLLABLES, rng.integers(1, 4))) for _ in range(count)]
    return [doc.first, *words[1:]] if doc.first and words else words


def _boxes(count: int) -> list[tuple[int, int, int, int]]:
    """Words in rows of six."""
    return [(60 + 150 * (i % 6), 40 + 30 * (i // 6), 180 + 150 * (i % 6), 62 + 30 * (i // 6)) for i in range(count)]


def _picture(doc: Doc, page: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(int(_sha(f"picture {doc.name} {page}")[:8], 16))
    return np.kron(rng.integers(0, 255, (8, 6)), np.ones((40, 40))).astype(np.uint8)


def make_page(doc: Doc, index: int, count: int) -> MadePage:
    """A finished page of `count` words."""
    boxes = _boxes(count)
    text = _text(doc, index, count)
    picture = encode_picture(_picture(doc, index), 1000, bilevel=False)
    layout = arrange(boxes, 0.75)
    record = Page(
        key=page_key(doc.sha256, index),
        document=DocumentRef(sha256=doc.sha256, uri=doc.uri, pages=len(doc.words)),
        page=index,
        size=picture.size,
        route=doc.route,
        reason="no-text" if doc.route is Route.OCR else "text-is-good",
        features={"ink": 0.25},
        orientation=Orientation(),
        engine=Engine(name="by-hand", version="1", models={}, config="0" * 64),
        words=Words(
            text=[text[i] for i in layout.order],
            box=[boxes[i] for i in layout.order],
            line=layout.line,
            confidence=[0.5 if i % 7 == 3 else 0.98 for i in range(count)],
            source_line=[0] * count,
        ),
        lines=Lines(box=layout.line_box, block=layout.block),
    )
    return MadePage(record, picture)


def _row(doc: Doc, page: int, generation: str, stem: str) -> ManifestRow:
    count = doc.words[page]
    bad = count is None
    return ManifestRow(
        key=page_key(doc.sha256, page),
        document=doc.sha256[:16],
        page=page,
        uri=doc.uri,
        sha256=doc.sha256,
        status=Status.REJECTED if bad else Status.OK,
        reason=Reason.TIMEOUT if bad else None,
        detail="gave up\x1b[31m after 90 s" if bad else None,
        route=None if bad else doc.route.value,
        words=count,
        generation=generation,
        shard=None if bad else stem,
    )


def unusable(name: str, generation: str, reason: Reason = Reason.ENCRYPTED) -> ManifestRow:
    """A row of a file that could not be opened."""
    sha256 = _sha(name)
    return ManifestRow(
        uri=f"/data/{name}.pdf",
        document=sha256[:16],
        sha256=sha256,
        status=Status.REJECTED,
        reason=reason,
        generation=generation,
    )


def copy_of(name: str, generation: str) -> ManifestRow:
    """A row of a file with the bytes of the document `name`."""
    return unusable(name, generation).model_copy(
        update={
            "uri": f"/data/copy of {name}.pdf",
            "status": Status.DUPLICATE,
            "reason": Reason.SAME_FILE,
            "duplicate_of": _sha(name),
        }
    )


def _looked(docs: Sequence[Doc], decided: Sequence[ManifestRow]) -> list[tuple[str, Probe]]:
    """The inputs, and what opening them has shown."""
    found = [(doc.uri, Probe(doc.sha256, "pdf", len(doc.words))) for doc in docs]
    for row in decided:
        copy = row.status is Status.DUPLICATE
        reason = None if copy else row.reason
        found.append((row.uri, Probe(row.sha256, "pdf" if copy else None, int(copy), reason, row.detail)))
    return sorted(found, key=lambda looked: looked[0])


def _plan(files: GenerationFiles, table: pa.Table, looked: Sequence[tuple[str, Probe]]) -> GenerationPlan:
    """A plan of these rows, which need not be what the inputs would give."""
    inputs = InputFiles(files)
    listing = inputs.write_listing(listing_row(Listed(uri, "1")) for uri, _ in looked)
    if looked:
        inputs.write_probes(0, [found.row() for _, found in looked])
    parts, rows = files.write_plan_parts([table], PER_SHARD)
    return files.seal_plan(
        GenerationPlan(
            name=files.name,
            units=-(-rows // PER_SHARD),
            unit_rows=PER_SHARD,
            rows=rows,
            inputs=digest([uri for uri, _ in looked]),
            files=[*parts, *inputs.refs(listing)],
        )
    )


def write_pages(folder: Path, docs: Sequence[Doc], decided: Sequence[ManifestRow] = ()) -> None:
    """One more generation of the page dataset at `folder`."""
    store = Store(str(folder))
    info = open_or_create(store, "pages", IngestConfig(pages_per_shard=PER_SHARD).stored())
    files = GenerationFiles(store, f"gen-{len(info.generations):04d}")
    pages = [(doc, page) for doc in docs for page in range(len(doc.words))]
    rows = [
        {"uri": doc.uri, "sha256": doc.sha256, "format": "pdf", "page": page, "pages": len(doc.words)}
        for doc, page in pages
    ]
    plan = _plan(files, pa.Table.from_pylist(rows, schema=PLAN_SCHEMA), _looked(docs, decided))
    if decided:
        files.write_unit(inputs_unit(0), [row.model_copy(update={"generation": files.name}) for row in decided])
    for unit in range(plan.units):
        stem = f"pages-{unit_name(unit)}"
        builder = ShardBuilder()
        part = pages[unit * PER_SHARD : (unit + 1) * PER_SHARD]
        for doc, page in part:
            count = doc.words[page]
            if count is not None:
                add_page(builder, make_page(doc, page, count))
        manifest = [_row(doc, page, files.name, stem) for doc, page in part]
        files.write_unit(unit_name(unit), manifest, (stem, *builder.finish()))
    add_generation(store, info, files.finish(plan, environment()))


def write_train(folder: Path, pages: Path, **options: Any) -> None:
    """A training dataset of all generations of `pages`."""
    source = Dataset(str(pages))
    vocabulary = [*SPECIAL, *SYLLABLES, *(f"##{part}" for part in SYLLABLES)]
    tokenizer = tokenizer_from_vocab("\n".join(vocabulary))
    chosen: dict[str, Any] = {
        "variants": 4,
        "tia_rate": 0.4,
        "tim_replace_rate": 0.4,
        "tim_drop_rate": 0.2,
        "picture_size": 224,
        "min_words": 2,
        **options,
    }
    config = PrepareConfig(tokenizer=load_tokenizer(tokenizer).digest, **chosen)
    store = Store(str(folder))
    info = open_or_create(store, "train", config.stored())
    store.write(TOKENIZER_FILE, tokenizer)
    shards = source.shards()
    files = GenerationFiles(store, "gen-0000")
    rows = sum(shard.samples for shard in shards)
    plan = files.write_plan(
        plan_table(zip(shards, look_at(source, shards), strict=True)), 1, source.info.digest, rows=rows
    )
    worker = PrepareWorker(store.url, files.name, Pages(str(pages), source.info.digest), config)
    for unit in range(plan.units):
        worker.run(unit, lambda: None)
    add_generation(store, info, files.finish(plan, environment()))


DOCS = [
    Doc("letter", [30, 24], Route.TEXT_LAYER, first=EVIL),
    Doc("form", [41]),
    Doc("scan", [25, None, 0, 33]),
    Doc("letter again", [30], Route.MIXED, text_of="letter"),
]
LATER = [Doc("report", [28, 1], Route.TEXT_LAYER)]


@pytest.fixture(scope="session")
def clean_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page dataset of two generations; tests must not change it."""
    folder = tmp_path_factory.mktemp("clean") / "pages"
    write_pages(folder, DOCS, [unusable("locked", ""), copy_of("form", ""), copy_of("locked", "")])
    write_pages(folder, LATER, [copy_of("letter", ""), unusable("broken", "", Reason.DAMAGED)])
    return folder


@pytest.fixture(scope="session")
def clean_train(clean_pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training dataset of the same pages; tests must not change it."""
    folder = tmp_path_factory.mktemp("clean") / "train"
    write_train(folder, clean_pages)
    return folder


@pytest.fixture
def pages(clean_pages: Path, tmp_path: Path) -> Bench:
    """A page dataset to be damaged."""
    return Bench(Path(shutil.copytree(clean_pages, tmp_path / "pages")), PER_SHARD)


@pytest.fixture
def train(clean_train: Path, tmp_path: Path) -> Bench:
    """A training dataset to be damaged."""
    return Bench(Path(shutil.copytree(clean_train, tmp_path / "train")), PER_SHARD)


@pytest.fixture
def writers() -> dict[str, Any]:
    """The builders, for datasets of a test's own."""
    return {
        "Doc": Doc,
        "write_pages": write_pages,
        "write_train": write_train,
        "copy_of": copy_of,
        "unusable": unusable,
    }


@pytest.fixture
def inspect_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs `pagemill inspect ...`: (exit code, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["inspect", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_app(app)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run
