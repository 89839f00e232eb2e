"""Faults of dataset.json, of files and of generations as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from jobs.inspect.lint import CODES, lint

Fault = Callable[[Any], Any]


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


def test_clean_datasets_have_no_findings(clean_pages: Path, clean_train: Path) -> None:
    assert lint(str(clean_pages)) == []
    assert lint(str(clean_train)) == []


def test_a_dataset_without_a_generation_has_no_findings(tmp_path: Path) -> None:
    from pipeline.ingest import IngestConfig
    from pipeline.shards.files import Store
    from pipeline.shards.generation import open_or_create

    open_or_create(Store(str(tmp_path / "new")), "pages", IngestConfig().stored())
    assert lint(str(tmp_path / "new")) == []


def test_a_generation_of_decided_inputs_alone_has_no_findings(tmp_path: Path, writers: dict[str, Any]) -> None:
    writers["write_pages"](tmp_path / "d", [], [writers["unusable"]("locked", "")])
    assert lint(str(tmp_path / "d")) == []


def test_a_generation_without_an_ok_page_has_no_findings(tmp_path: Path, writers: dict[str, Any]) -> None:
    writers["write_pages"](tmp_path / "d", [writers["Doc"]("torn", [None, None])])
    assert lint(str(tmp_path / "d")) == []


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_no_dataset_is_the_users_mistake(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match="no dataset at"):
        lint(str(tmp_path / place))


def test_a_dataset_behind_a_url_is_read_like_a_folder(pages: Any) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{pages.url}/", "/lint-test/", recursive=True)
    try:
        assert lint("memory://lint-test") == []
        memory.pipe_file("/lint-test/gen-0000/pages-000001.tar", b"not a tar")
        assert {"file-size", "file-sha256", "tar-read"} <= codes("memory://lint-test")
    finally:
        memory.rm("/lint-test", recursive=True)


def _tokens(info: dict[str, Any]) -> None:
    info["totals"]["words"] += 1


JSON_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "unknown field": (lambda info: info.update(extra=1), {"dataset-file"}),
    "other schema": (lambda info: info.update(schema="pagemill.dataset/2"), {"dataset-file"}),
    "unknown content": (lambda info: info.update(content="letters"), {"dataset-file"}),
    "swapped digest": (lambda info: info.update(digest="0" * 64), {"dataset-digest"}),
    "one word more": (_tokens, {"dataset-totals"}),
    "one page less": (lambda info: info["totals"].update(ok=info["totals"]["ok"] - 1), {"dataset-totals"}),
    "a generation forgotten": (
        lambda info: info["generations"].pop(),
        {"dataset-digest", "dataset-totals"},
    ),
    "generations swapped": (
        lambda info: info["generations"].reverse(),
        {"dataset-digest", "generation-name"},
    ),
    "a generation's digest": (
        lambda info: info["generations"][0].update(digest="1" * 64),
        {"dataset-digest", "generation-digest"},
    ),
    "a generation's counts": (
        lambda info: info["generations"][1]["counts"]["reasons"].update({"damaged": 7}),
        {"dataset-totals", "generation-counts"},
    ),
    "a generation's shards": (lambda info: info["generations"][0].update(shards=9), {"generation-counts"}),
    "what a generation is in place of": (
        lambda info: info["generations"][1]["replaces"].update(rejected=1, reasons={"timeout": 1}),
        {"dataset-totals", "plan-file"},
    ),
    "in place of more than there is": (
        lambda info: info["generations"][1]["replaces"].update(rejected=99),
        {"dataset-totals", "plan-file"},
    ),
    "a generation's inputs": (lambda info: info["generations"][0].update(inputs="x"), {"plan-file"}),
    "no longest side": (lambda info: info["config"].pop("picture_longest"), {"dataset-config"}),
}


@pytest.mark.parametrize("name", JSON_FAULTS)
def test_faults_of_dataset_json(pages: Any, name: str) -> None:
    fault, expected = JSON_FAULTS[name]
    pages.edit_json("dataset.json", fault)
    assert codes(pages.url) == expected


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_dataset_json_that_is_none(pages: Any, data: bytes) -> None:
    pages.edit_bytes("dataset.json", lambda old: data)
    assert codes(pages.url) == {"dataset-file"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gen-0000/pages-000001.tar", "file-missing"),
        ("gen-0000/pages-000001.parquet", "file-missing"),
        ("gen-0000/manifest/part-000000.parquet", "file-missing"),
        ("gen-0000/manifest/part-inputs-000000.parquet", "file-missing"),
        ("gen-0000/plan/part-000000.parquet", "file-missing"),
        ("gen-0000/listing.json", "input-files"),
        ("gen-0000/listing/part-000000.parquet", "file-missing"),
        ("gen-0001/probes/part-000000.parquet", "file-missing"),
        ("gen-0000/plan.json", "plan-file"),
        ("gen-0000/units/000001.json", "unit-missing"),
        ("gen-0000/units/inputs-000000.json", "generation-counts"),
    ],
)
def test_a_file_that_is_gone(pages: Any, name: str, code: str) -> None:
    pages.path(name).unlink()
    assert code in codes(pages.url)


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "gen-0000/pages-000009.tar",
        "gen-0000/manifest/part-000009.parquet",
        "gen-0001/deeper/file",
        "gen-0000/plan/part-000001.parquet",
        "gen-0000/listing/part-000001.parquet",
        "gen-0001/probes/part-000001.parquet",
        "gen-0000/listing.txt",
        "gen-0007/pages-000000.tar",
        "tokenizer.json",
    ],
)
def test_a_file_that_nothing_names(pages: Any, name: str) -> None:
    pages.path(name).parent.mkdir(parents=True, exist_ok=True)
    pages.path(name).write_bytes(b"x")
    assert [(finding.code, finding.where) for finding in lint(pages.url)] == [("file-stray", name)]


@pytest.mark.parametrize(
    "name", [".dataset.json.ab12.tmp", "gen-0000/.pages-000000.tar.ab12.tmp", "gen-0002/plan.json"]
)
def test_writes_under_way_are_no_findings(pages: Any, name: str) -> None:
    pages.path(name).parent.mkdir(exist_ok=True)
    pages.path(name).write_bytes(b"half")
    assert lint(pages.url) == []


def test_tokenizer_of_a_training_dataset(train: Any) -> None:
    train.edit_bytes("tokenizer.json", lambda old: old.replace(b'"ka"', b'"ky"'))
    assert codes(train.url) == {"dataset-tokenizer"}
    train.path("tokenizer.json").unlink()
    assert codes(train.url) == {"dataset-tokenizer"}


def test_configuration_of_a_training_dataset(train: Any) -> None:
    train.edit_json("dataset.json", lambda info: info["config"].pop("tia_rate") and info["config"].update(more=1))
    assert codes(train.url) == {"dataset-config"}


def test_every_code_has_a_planted_fault() -> None:
    """That each of them is found is said by the test that names it."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [code for code in CODES if f'"{code}"' not in tests] == []


def test_findings_are_of_the_closed_set_and_say_where(pages: Any) -> None:
    pages.edit_bytes("gen-0000/pages-000000.tar", lambda data: data[:700])
    found = lint(pages.url)
    assert found == sorted(found)
    assert all(finding.code in CODES for finding in found)
    assert all(finding.where and finding.what for finding in found)
