"""stats: the numbers agree with what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from jobs.inspect.summary import Distribution, collect
from pipeline.prepare.tia import from_npy
from pipeline.shards.dataset import Dataset
from schemas.sample import TrainSample


def test_numbers_of_pages(clean_pages: Path) -> None:
    found = collect(Dataset(str(clean_pages)))
    assert dict(found.status) == {"ok": 9, "rejected": 3, "duplicate": 3}
    assert dict(found.routes) == {"text-layer": 4, "ocr": 4, "mixed": 1}
    assert dict(found.reasons) == {"timeout": 1, "encrypted": 1, "same-file": 3, "damaged": 1}
    assert (found.documents, found.generations, found.shards) == (5, 2, 4)
    assert found.words == 30 + 24 + 41 + 25 + 0 + 33 + 30 + 28 + 1
    assert found.records == 9
    assert found.decisions["ocr: no-text"] == 4
    words = found.distributions["words per page"].summary()
    assert (words["n"], words["min"], words["median"], words["max"]) == (9, 0, 28, 41)
    assert found.distributions["lines per page"].summary()["max"] == 7
    # the empty page has no confidence, pages with a text layer are not asked
    assert found.distributions["mean confidence of an OCR page"].summary()["n"] == 4
    assert found.matching is None


def test_only_so_many_records_are_read(clean_pages: Path) -> None:
    found = collect(Dataset(str(clean_pages)), 3)
    assert found.records == 3
    assert found.distributions["words per page"].summary()["n"] == 9


def test_numbers_of_samples_are_counted_from_the_samples(clean_train: Path) -> None:
    dataset = Dataset(str(clean_train))
    found = collect(dataset)
    covered = lines = replaced = negatives = 0
    for shard in dataset.shards():
        for _, members in dataset.samples(shard):
            record = TrainSample.from_json(members["json"])
            covered += int(from_npy(members["tia.npy"]).sum())
            lines += 4 * len(record.lines)
            replaced += sum(plan.action == "replaced" for plan in record.tim)
            negatives += sum(len(data) for name, data in members.items() if name.startswith("neg"))
    matching = found.matching
    assert matching is not None
    assert matching.variants == 4
    assert matching.cover_rate() == covered / lines
    assert sum(actions["replaced"] for actions in matching.actions) == replaced == matching.negatives
    assert matching.negative_bytes == negatives
    assert all(sum(actions.values()) == found.status["ok"] for actions in matching.actions)


def test_tables(inspect_cli: Any, clean_pages: Path) -> None:
    code, out, _ = inspect_cli("stats", clean_pages)
    assert code == 0
    assert "9 pages of 5 documents, 212 words, 2 generation(s), 4 shard(s)" in out
    assert "text-layer: text-is-good" in out
    assert "same-file" in out
    assert "lines, confidence" not in out


def test_tables_of_a_training_dataset(inspect_cli: Any, clean_train: Path) -> None:
    code, out, _ = inspect_cli("stats", clean_train, "--sample", 3)
    assert code == 0
    assert "pictures of partners" in out
    assert "are of 3 pages, spread evenly" in out


def test_json(inspect_cli: Any, clean_train: Path) -> None:
    code, out, _ = inspect_cli("stats", clean_train, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["content"] == "train"
    assert found["status"] == {"ok": 7, "rejected": 2}
    assert len(found["train"]["variants"]) == 4
    assert found["distributions"]["tokens per page"]["n"] == 7


def test_an_empty_dataset(inspect_cli: Any, tmp_path: Path, writers: dict[str, Any]) -> None:
    writers["write_pages"](tmp_path / "d", [], [writers["unusable"]("locked", "")])
    code, out, _ = inspect_cli("stats", tmp_path / "d")
    assert code == 0
    assert "encrypted" in out


def test_wrong_use(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    assert inspect_cli("stats", clean_pages, "--sample", 0)[0] == 2
    code, _, err = inspect_cli("stats", tmp_path)
    assert (code, len(err.splitlines())) == (2, 1)


def test_a_damaged_shard_is_one_line(inspect_cli: Any, pages: Any) -> None:
    pages.path("gen-0000/pages-000000.parquet").write_bytes(b"PAR1")
    code, _, err = inspect_cli("stats", pages.url)
    assert code == 2
    assert err.startswith("error: gen-0000/pages-000000.parquet: not a Parquet file")
    assert len(err.splitlines()) == 1


def test_distribution() -> None:
    found = Distribution(np.arange(101, dtype=np.float64)).summary()
    assert found == {"n": 101, "min": 0, "median": 50, "p95": 95, "max": 100}
