"""What merging keeps, leaves out, refuses, and how it goes on after it was cut off."""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.stories import LOCKED, Story

from jobs.command import run_app
from jobs.dataset.app import app
from jobs.dataset.merging import merge_datasets
from jobs.dataset.whole import Check
from jobs.inspect.lint import lint
from pipeline.ingest import IngestConfig
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from schemas.base import sha256_hex
from schemas.manifest import Status

Stories = Callable[[str], Story]


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _story(stories: Stories, name: str, world: dict[str, tuple[str, str]]) -> Story:
    made = stories(name)
    for uri, state in world.items():
        made.put(uri, state)
    made.ingest(frozenset())
    return made


@pytest.fixture
def a(story: Stories) -> Story:
    """Documents x (1 page) and y (2 pages)."""
    return _story(story, "a", {"/a/x.pdf": ("x", ""), "/a/y.pdf": ("y", "")})


@pytest.fixture
def b(story: Stories) -> Story:
    """Document z (3 pages) before y again, a second z, and a file that is locked."""
    world = {"/b/1.pdf": ("z", ""), "/b/2.pdf": ("y", ""), "/b/3.pdf": ("z", ""), "/b/4.pdf": ("x", LOCKED)}
    return _story(story, "b", world)


def _folder(story: Story) -> Path:
    return Path(story.store.url)


def test_shards_without_common_documents_are_copied_byte_for_byte(story: Stories, a: Story, tmp_path: Path) -> None:
    c = _story(story, "c", {"/c/1.pdf": ("z", ""), "/c/2.pdf": ("z", ""), "/c/3.pdf": ("x", LOCKED)})
    info = merge_datasets([a.store.url, c.store.url], str(tmp_path / "out"))
    out = _files(tmp_path / "out")
    for number, source in enumerate((a, c)):
        for name, data in _files(_folder(source)).items():
            copied = out[name.replace("gen-0000", f"gen-{number:04d}")]
            rewritten = name.endswith(("dataset.json", "plan.json")) or "/manifest/" in name or "/units/" in name
            assert rewritten or copied == data, name
    assert [g.name for g in info.generations] == ["gen-0000", "gen-0001"]
    digests = [Dataset(source.store.url).info.generations[0].digest for source in (a, c)]
    assert [generation.copied_from for generation in info.generations] == digests
    assert (info.totals.ok, info.totals.rejected, info.totals.duplicate) == (6, 1, 1)
    assert lint(str(tmp_path / "out")) == []


def test_common_documents_are_left_out_and_named_once(a: Story, b: Story, tmp_path: Path) -> None:
    assert (Dataset(b.store.url).info.totals.ok, Dataset(b.store.url).info.totals.duplicate) == (5, 1)
    info = merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    assert (info.totals.ok, info.totals.rejected, info.totals.duplicate) == (6, 1, 2)
    merged = Dataset(str(tmp_path / "out"))
    rows = [row for row in merged.manifest("gen-0001").to_pylist() if row["status"] == Status.DUPLICATE]
    y = sha256_hex(b"y")
    assert [(row["uri"], row["page"], row["duplicate_of"]) for row in rows] == [
        ("/b/3.pdf", None, sha256_hex(b"z")),
        ("/b/2.pdf", None, y),
    ]
    assert lint(merged.store.url) == []
    assert not list(Check(merged.store.url).generations())[1].findings


def test_samples_that_remain_keep_their_members(a: Story, b: Story, tmp_path: Path) -> None:
    """z-0 z-1 | z-2 y-0 | y-1 becomes z-0 z-1 | z-2, and what was the third shard is gone."""
    merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    old = _members(_folder(b) / "gen-0000")
    new = _members(tmp_path / "out" / "gen-0001")
    assert list(new) == ["pages-000000.tar", "pages-000001.tar"]
    assert new["pages-000000.tar"] == old["pages-000000.tar"]
    kept = {name: data for name, data in old["pages-000001.tar"].items() if name.startswith(sha256_hex(b"z")[:16])}
    assert new["pages-000001.tar"] == kept
    assert len(kept) == 2
    first = "pages-000000.tar"
    assert (tmp_path / "out/gen-0001" / first).read_bytes() == (_folder(b) / "gen-0000" / first).read_bytes()


def _members(folder: Path) -> dict[str, dict[str, bytes]]:
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            found[path.name] = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    return found


def test_the_order_of_the_datasets_decides_who_counts(a: Story, b: Story, tmp_path: Path) -> None:
    info = merge_datasets([b.store.url, a.store.url], str(tmp_path / "out"))
    assert (info.totals.ok, info.totals.duplicate) == (6, 2)
    assert info.generations[1].counts.ok == 1, "y came with the first dataset"
    assert lint(str(tmp_path / "out")) == []


def test_a_dataset_twice(a: Story, b: Story, tmp_path: Path) -> None:
    copy = _folder(a).with_name("copy of a")
    shutil.copytree(a.store.url, copy)
    info = merge_datasets([a.store.url, str(copy)], str(tmp_path / "out"))
    assert (info.totals.ok, info.totals.duplicate, info.generations[1].shards) == (3, 2, 0)
    assert lint(str(tmp_path / "out")) == []


def test_it_goes_on_with_more(story: Stories, a: Story, b: Story, tmp_path: Path) -> None:
    c = _story(story, "c", {"/c/1.pdf": ("z", ""), "/c/2.pdf": ("x", "")})
    urls = [one.store.url for one in (a, b, c)]
    merge_datasets(urls[:2], str(tmp_path / "out"))
    before = _files(tmp_path / "out")
    assert merge_datasets(urls[:2], str(tmp_path / "out")).totals.duplicate == 2
    assert _files(tmp_path / "out") == before, "recognised as done"
    merge_datasets(urls, str(tmp_path / "out"))
    merge_datasets(urls, str(tmp_path / "at once"))
    after = _files(tmp_path / "out")
    assert after == _files(tmp_path / "at once")
    assert {name for name in before if before[name] != after[name]} == {"dataset.json"}
    with pytest.raises(ValueError, match="was not made from these datasets: gen-0000 is another"):
        merge_datasets([urls[1], urls[0]], str(tmp_path / "out"))


def test_more_inputs_afterwards(a: Story, b: Story, document: Any, tmp_path: Path) -> None:
    """A merged dataset is one like any other: inputs that it knows are known, others come in."""
    merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    merged = Story(Store(str(tmp_path / "out")), document, world={**a.world, **b.world}, stamps=a.stamps + b.stamps)
    merged.ingest(frozenset())
    assert len(Dataset(merged.store.url).info.generations) == 2
    merged.put("/b/4.pdf", ("x", ""))
    merged.put("/new.pdf", ("x", ""))
    merged.ingest(frozenset())
    merged.retry(frozenset())
    info = Dataset(merged.store.url).info
    assert (info.totals.ok, info.totals.rejected) == (6, 0)
    assert lint(merged.store.url) == []
    again = merge_datasets([a.store.url, b.store.url], merged.store.url)
    assert again == info, "what came in later stays"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config", r"b was made with another configuration than .*a: pages_per_shard is 3 and not 2 \(1 field"),
        ("train", "is a dataset of train: merge the pages and let `prepare` make the samples again"),
        ("empty", "empty has no finished generation yet"),
        ("absent", "no dataset at"),
        ("itself", "is one of the datasets: choose another --out"),
        ("a link to itself", "is one of the datasets: choose another --out"),
        ("other", "is not empty and holds no dataset"),
        ("made otherwise", "was made with another configuration"),
        ("ingested", "was not made from these datasets: gen-0000 is another"),
    ],
)
def test_what_is_refused(
    story: Stories, a: Story, train: str, tmp_path: Path, name: str, message: str, document: Any
) -> None:
    b = story("b")
    b.config = IngestConfig(pages_per_shard=3 if name in ("config", "made otherwise") else 2)
    b.put("/b.pdf", ("z", ""))
    b.ingest(frozenset())
    out = tmp_path / "out"
    urls = [a.store.url, b.store.url]
    if name == "train":
        urls[1] = train
    elif name == "empty":
        urls[1] = str(tmp_path / "empty")
        empty = json.loads((_folder(a) / "dataset.json").read_text()) | {"generations": []}
        Store(urls[1]).write("dataset.json", json.dumps(empty).encode())
    elif name == "absent":
        urls[1] = str(tmp_path / "absent")
    elif name == "itself":
        out = _folder(b)
    elif name == "a link to itself":
        out.symlink_to(_folder(b))
    elif name == "other":
        out.mkdir()
        (out / "letter.txt").write_text("mine")
    elif name in ("made otherwise", "ingested"):
        out, urls = _folder(b), [a.store.url, a.store.url]
    before = _files(tmp_path)
    with pytest.raises(ValueError, match=message):
        merge_datasets(urls, str(out))
    assert _files(tmp_path) == before


def test_what_ingestion_has_begun_there_is_not_touched(a: Story, b: Story, document: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge_datasets([a.store.url, a.store.url], str(out))
    for name in ("listing.json", "listing/part-000000.parquet"):
        Store(str(out)).write(f"gen-0002/{name}", (_folder(b) / "gen-0000" / name).read_bytes())
    before = _files(out)
    with pytest.raises(ValueError, match="has another gen-0002 under way"):
        merge_datasets([a.store.url, a.store.url, b.store.url], str(out))
    assert _files(out) == before


@pytest.mark.parametrize(
    "name", ["pages-000001.tar", "pages-000000.parquet", "manifest/part-000001.parquet", "plan/part-000000.parquet"]
)
def test_damage_is_not_copied(a: Story, b: Story, tmp_path: Path, name: str) -> None:
    path = _folder(b) / "gen-0000" / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(
        RuntimeError, match=f"b/gen-0000/{name} has other bytes than recorded: `pagemill dataset verify"
    ):
        merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    path.write_bytes(data)
    merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    assert lint(str(tmp_path / "out")) == []


class Killed(BaseException):
    """As a process that ends at once."""


def test_cut_off_at_any_write_it_goes_on_to_the_same_bytes(
    a: Story, b: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [a.store.url, b.store.url, a.store.url]
    monkeypatch.setattr("jobs.dataset.merging._COPIERS", 1)
    write = Store.write
    count = 0

    def counting(store: Store, name: str, data: bytes) -> None:
        nonlocal count
        count += 1
        write(store, name, data)

    monkeypatch.setattr(Store, "write", counting)
    merge_datasets(urls, str(tmp_path / "whole"))
    whole, writes = _files(tmp_path / "whole"), count
    assert writes > 30
    for last in range(0, writes, 3):
        out = tmp_path / str(last)
        left = last

        def dying(store: Store, name: str, data: bytes) -> None:
            nonlocal left
            if not left:
                raise Killed
            left -= 1
            write(store, name, data)

        monkeypatch.setattr(Store, "write", dying)
        with pytest.raises(Killed):
            merge_datasets(urls, str(out))
        done = {path: path.stat().st_mtime_ns for path in out.rglob("*.tar")}
        marked = {
            out / path.parent.parent.name / ref["name"]
            for path in out.rglob("units/*.json")
            for ref in json.loads(path.read_text())["files"]
        }
        monkeypatch.setattr(Store, "write", write)
        merge_datasets(urls, str(out))
        assert _files(out) == whole, f"cut off after {last} writes"
        assert all(path.stat().st_mtime_ns == before for path, before in done.items() if path in marked)


def test_the_sources_are_only_read(a: Story, b: Story, tmp_path: Path) -> None:
    before = [_files(_folder(one)) for one in (a, b)]
    merge_datasets([a.store.url, b.store.url], str(tmp_path / "out"))
    assert [_files(_folder(one)) for one in (a, b)] == before


@pytest.mark.parametrize(
    ("count", "code", "out", "err"),
    [
        (2, 0, "/out: 6 pages, 18 words, 1 rejected, 2 duplicate", "merge: 5/5 shards"),
        (1, 2, "", "error: merge needs two datasets or more, got 1"),
    ],
)
def test_the_command(
    a: Story, b: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    count: int, code: int, out: str, err: str,
) -> None:  # fmt: skip
    urls = [a.store.url, b.store.url][:count]
    monkeypatch.setattr(sys, "argv", ["pagemill dataset", "merge", *urls, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        run_app(app)
    said = capsys.readouterr()
    assert ended.value.code == code
    assert out in said.out
    assert err in said.err
