"""errors: what is not in the shards, by reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.shards.files import Store
from pipeline.shards.generation import open_or_create


def test_groups(inspect_cli: Any, clean_pages: Path) -> None:
    code, out, _ = inspect_cli("errors", clean_pages)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "duplicate same-file: 3"
    assert "rejected encrypted: 1" in lines
    assert "  data/scan.pdf, page 2: gave up\\x1b[31m after 90 s" in lines


def test_only_so_many_examples(inspect_cli: Any, clean_pages: Path) -> None:
    _, out, _ = inspect_cli("errors", clean_pages, "--examples", 1)
    assert out.splitlines()[2] == "  ... and 2 more"


def test_json(inspect_cli: Any, clean_pages: Path) -> None:
    code, out, _ = inspect_cli("errors", clean_pages, "--json")
    groups = json.loads(out)
    assert code == 0
    assert [(group["reason"], group["count"]) for group in groups] == [
        ("same-file", 3),
        ("damaged", 1),
        ("encrypted", 1),
        ("timeout", 1),
    ]
    assert groups[0]["examples"][0]["uri"] == "/data/copy of form.pdf"


def test_strict(inspect_cli: Any, clean_pages: Path, tmp_path: Path, writers: dict[str, Any]) -> None:
    assert inspect_cli("errors", clean_pages, "--strict")[0] == 1
    assert inspect_cli("errors", clean_pages, "--strict", "--json")[0] == 1
    writers["write_pages"](tmp_path / "d", [writers["Doc"]("one", [9])], [writers["copy_of"]("one", "")])
    code, out, _ = inspect_cli("errors", tmp_path / "d", "--strict")
    assert (code, out.splitlines()[0]) == (0, "duplicate same-file: 1")


def test_nothing_to_report(inspect_cli: Any, tmp_path: Path, writers: dict[str, Any]) -> None:
    writers["write_pages"](tmp_path / "d", [writers["Doc"]("one", [9])])
    assert inspect_cli("errors", tmp_path / "d", "--strict")[:2] == (0, "every page is in a shard\n")


def test_wrong_use(inspect_cli: Any, clean_pages: Path) -> None:
    assert inspect_cli("errors", clean_pages, "--examples", -1)[0] == 2


def test_a_dataset_that_is_under_way_is_not_called_whole(inspect_cli: Any, tmp_path: Path) -> None:
    open_or_create(Store(str(tmp_path / "d")), "pages", {})
    assert inspect_cli("errors", tmp_path / "d")[:2] == (0, "no generation is finished: nothing is known yet\n")
