"""ls: rows, filters, JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_all_rows(inspect_cli: Any, clean_pages: Path) -> None:
    code, out, _ = inspect_cli("ls", clean_pages)
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 15
    assert "text-layer" in lines[0]
    assert "30 words" in lines[0]
    assert lines[0].endswith("gen-0000/pages-000000  data/letter.pdf")
    assert any("rejected timeout" in line for line in lines)
    assert any("duplicate same-file" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--route", "ocr"], 4),
        (["--route", "mixed"], 1),
        (["--status", "ok"], 9),
        (["--status", "rejected"], 3),
        (["--reason", "same-file"], 3),
        (["--reason", "no-pages"], 0),
        (["--route", "ocr", "--status", "rejected"], 0),
        (["--limit", "2"], 2),
        (["--limit", "0"], 0),
        (["--status", "ok", "--limit", "100"], 9),
        (["--document", "ffffffffffffffffffff"], 0),
    ],
)
def test_filters(inspect_cli: Any, clean_pages: Path, options: list[str], count: int) -> None:
    code, out, _ = inspect_cli("ls", clean_pages, *options)
    assert (code, len(out.splitlines())) == (0, count)


def test_json_lines_are_whole_rows_and_filter_by_document(inspect_cli: Any, clean_pages: Path) -> None:
    _, out, _ = inspect_cli("ls", clean_pages, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 15
    scan = next(row for row in rows if row["reason"] == "timeout")
    assert scan["detail"] == "gave up\x1b[31m after 90 s"
    _, out, _ = inspect_cli("ls", clean_pages, "--json", "--document", scan["sha256"][:12].upper())
    assert [json.loads(line)["page"] for line in out.splitlines()] == [0, 1, 2, 3]


def test_a_training_dataset(inspect_cli: Any, clean_train: Path) -> None:
    code, out, _ = inspect_cli("ls", clean_train, "--status", "rejected")
    assert code == 0
    assert out.count("too-few-words") == 2


@pytest.mark.parametrize("options", [["--route", "guess"], ["--status", "x"], ["--limit", "-1"], ["--reason", "x"]])
def test_wrong_use(inspect_cli: Any, clean_pages: Path, options: list[str]) -> None:
    assert inspect_cli("ls", clean_pages, *options)[0] == 2
