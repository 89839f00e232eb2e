"""Lines and order made again on Ray: what stays, what changes, what is refused, and how it goes on."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.line import OPTIONS, files_of, hashes_of

from jobs.cluster.relayout import relayout
from jobs.dataset.merging import merge_datasets
from jobs.dataset.whole import Check
from jobs.inspect.lint import lint
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create, unit_name
from pipeline.shards.hashes import minhash
from pipeline.shards.tar import SampleFacts, ShardBuilder
from schemas.dataset import DATASET_FILE, Counts, DatasetInfo
from schemas.manifest import ManifestRow
from schemas.page import Page

pytestmark = pytest.mark.usefixtures("ray_here")

Pagemill = Callable[..., tuple[int, str, str]]


def _members(folder: str | Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(Path(folder).rglob("*.tar")):
        with tarfile.open(path) as tar:
            found |= {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    return found


def _upside_down(record: bytes) -> bytes:
    """The record of a page whose lines run from the bottom to the top."""
    page = Page.from_json(record)
    last = len(page.lines.box) - 1
    order = sorted(range(len(page.words.text)), key=lambda i: -page.words.line[i])
    words = {name: [value[i] for i in order] for name, value in page.words.model_dump().items()}
    words["line"] = [last - number for number in words["line"]]
    lines = {"box": page.lines.box[::-1], "block": list(range(last + 1))}
    return Page.model_validate(page.model_dump(by_alias=True) | {"words": words, "lines": lines}).to_json()


@pytest.fixture(scope="module")
def wrong(pages: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pages with their lines in the wrong order, as an older version might have left them."""
    source, store = Dataset(pages), Store(str(tmp_path_factory.mktemp("relayout") / "wrong"))
    info = open_or_create(store, "pages", source.info.config)
    folder = Path(shutil.copytree(Path(pages) / "gen-0000", Path(store.root) / "gen-0000"))
    files = GenerationFiles(store, "gen-0000")
    plan = files.read_plan()
    assert plan is not None
    for number, shard in enumerate(source.shards()):
        builder = ShardBuilder()
        for row, members in source.samples(shard):
            members["json"] = _upside_down(members["json"])
            text = Page.from_json(members["json"]).words.text
            facts = SampleFacts(document=row["document"], words=row["words"], minhash=minhash(text), phash=row["phash"])
            builder.add(row["key"], list(members.items()), facts)
        manifest = folder / "manifest" / f"part-{unit_name(number)}.parquet"
        rows = [ManifestRow.model_validate(row) for row in pq.read_table(manifest).to_pylist()]
        files.write_unit(unit_name(number), rows, (shard.stem, *builder.finish()))
    add_generation(store, info, files.finish(plan, {}))
    assert lint(store.url) == []
    return store.url


def test_pages_of_today_come_out_as_they_are(pages: str, tmp_path: Path) -> None:
    out = str(tmp_path / "again")
    relayout(Dataset(pages), out, 2)
    old, new = hashes_of(pages), hashes_of(out)
    differ = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert differ == {DATASET_FILE, "gen-0000/plan.json"}, "which say that it is a copy"


def test_a_wrong_order_is_put_right_and_pictures_are_copied(pages: str, wrong: str, tmp_path: Path) -> None:
    out = str(tmp_path / "again")
    info = relayout(Dataset(wrong), out, 2)
    old, new, right = _members(wrong), _members(out), _members(pages)
    assert new == right
    pictures = [name for name in old if not name.endswith(".json")]
    assert len(pictures) == 12
    assert all(new[name] == old[name] for name in pictures)
    assert any(new[name] != old[name] for name in old)
    indexes = [name for name in hashes_of(out) if "pages-" in name and name.endswith(".parquet")]
    assert len(indexes) == 3
    assert all(hashes_of(out)[name] == hashes_of(pages)[name] for name in indexes), "the word 5-grams, too"
    (generation,) = info.generations
    assert (generation.copied_from, generation.relaid) == (Dataset(wrong).info.generations[0].digest, True)
    assert lint(out) == []
    assert all(not report.findings for report in Check(out).generations())


def test_workers_and_interruptions_change_nothing(wrong: str, tmp_path: Path, pagemill: Pagemill) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    code, text, _ = pagemill("relayout", wrong, "--out", one, "--workers", 1)
    assert code == 0
    assert text.startswith(f"{one}: 12 pages, ")
    relayout(Dataset(wrong), str(two), 2)
    for name in ("pages-000001.tar", "units/000001.json"):  # as if it had been killed before these were there
        (two / "gen-0000" / name).unlink()
    finished = (two / DATASET_FILE).read_bytes()
    begun = {"generations": [], "digest": DatasetInfo.digest_of([]), "totals": Counts().model_dump()}
    (two / DATASET_FILE).write_text(json.dumps(json.loads(finished) | begun))
    relayout(Dataset(wrong), str(two), 2)
    assert (two / DATASET_FILE).read_bytes() == finished
    assert hashes_of(one, without=DATASET_FILE) == hashes_of(two, without=DATASET_FILE)
    before = files_of(two)
    relayout(Dataset(wrong), str(two), 2)
    assert files_of(two) == before


def test_later_generations_follow(copies: Path, documents: Path, tmp_path: Path, pagemill: Pagemill) -> None:
    pages, out = tmp_path / "pages", tmp_path / "again"
    assert pagemill("ingest", copies, "--out", pages, *OPTIONS)[0] == 0
    (copies / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    assert pagemill("relayout", pages, "--out", out, "--workers", 2)[0] == 0
    assert pagemill("ingest", copies, "--out", pages, *OPTIONS)[0] == 0
    assert pagemill("relayout", pages, "--out", out, "--workers", 2)[0] == 0
    assert [g.name for g in Dataset(str(out)).info.generations] == ["gen-0000", "gen-0001"]
    assert Dataset(str(out)).info.totals == Dataset(str(pages)).info.totals
    assert lint(str(out)) == []
    # It is a dataset as any other: what it holds already is not ingested again, what is new is.
    before = Dataset(str(out)).info
    assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    assert Dataset(str(out)).info == before
    assert pagemill("ingest", documents, "--out", out, *OPTIONS)[0] == 0
    assert Dataset(str(out)).info.totals.ok == 12
    code, _, error = pagemill("relayout", pages, "--out", out, "--workers", 2)
    assert code == 0, error


def test_what_is_refused(wrong: str, pages: str, train: str, tmp_path: Path, pagemill: Pagemill) -> None:
    def refused(*arguments: object) -> str:
        code, out, error = pagemill("relayout", *arguments)
        assert (code, out) == (2, "")
        assert error.count("\n") == 1
        return error

    assert "is the dataset itself" in refused(wrong, "--out", wrong)
    assert "expected one of pages" in refused(train, "--out", tmp_path / "x")
    assert "no dataset at" in refused(tmp_path, "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert "holds no dataset" in refused(wrong, "--out", tmp_path / "full")
    assert "was not made from these datasets" in refused(wrong, "--out", pages)
    merged = shutil.copytree(pages, tmp_path / "other")
    merge_datasets([pages, str(merged)], str(tmp_path / "merged"))
    assert "was not made from these datasets" in refused(pages, "--out", tmp_path / "merged"), "not made again"


def test_a_damaged_shard_is_named(wrong: str, tmp_path: Path, pagemill: Pagemill) -> None:
    damaged = Path(shutil.copytree(wrong, tmp_path / "damaged"))
    tar = damaged / "gen-0000" / "pages-000002.tar"
    tar.write_bytes(tar.read_bytes().replace(b"text-layer", b"text-lazer"))
    code, out, error = pagemill("relayout", damaged, "--out", tmp_path / "again", "--workers", 2)
    assert (code, out) == (1, "")
    assert "gen-0000/pages-000002.tar has other bytes than recorded" in error.splitlines()[-1]
    assert Dataset(str(tmp_path / "again")).info.generations == []
