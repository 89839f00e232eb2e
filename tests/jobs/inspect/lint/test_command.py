"""The verb: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_a_clean_dataset(inspect_cli: Any, clean_pages: Path) -> None:
    code, out, _ = inspect_cli("lint", clean_pages)
    assert (code, out) == (0, "no findings\n")


def test_findings_exit_with_one(inspect_cli: Any, pages: Any) -> None:
    pages.path("stray").write_bytes(b"x")
    code, out, _ = inspect_cli("lint", pages.url)
    assert code == 1
    assert "file-stray" in out
    assert out.endswith("1 finding(s)\n")


def test_json(inspect_cli: Any, pages: Any) -> None:
    pages.path("stray").write_bytes(b"x")
    code, out, _ = inspect_cli("lint", pages.url, "--json")
    assert code == 1
    (finding,) = json.loads(out)["findings"]
    assert (finding["code"], finding["where"]) == ("file-stray", "stray")


def test_json_of_a_clean_dataset(inspect_cli: Any, clean_train: Path) -> None:
    code, out, _ = inspect_cli("lint", clean_train, "--json")
    assert (code, json.loads(out)["findings"]) == (0, [])


def test_many_findings_are_counted_not_all_shown(inspect_cli: Any, pages: Any) -> None:
    for i in range(60):
        pages.path(f"stray-{i:02d}").write_bytes(b"x")
    code, out, _ = inspect_cli("lint", pages.url)
    assert code == 1
    assert len(out.splitlines()) == 52
    assert out.splitlines()[-2:] == ["... and 10 more", "60 finding(s)"]


def test_what_documents_say_does_not_reach_the_terminal(inspect_cli: Any, pages: Any) -> None:
    pages.edit_plan(lambda rows: rows[0].update(uri="/data/\x1b[31mred.pdf"))
    code, out, _ = inspect_cli("lint", pages.url)
    assert code == 1
    assert "\x1b" not in out
    assert "\\x1b[31mred.pdf" in out


def test_no_dataset_is_one_line_and_two(inspect_cli: Any, tmp_path: Path) -> None:
    code, out, err = inspect_cli("lint", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("error: no dataset at ")
    assert len(err.splitlines()) == 1


def test_wrong_usage_is_two(inspect_cli: Any, clean_pages: Path) -> None:
    assert inspect_cli("lint")[0] == 2
    assert inspect_cli("lint", clean_pages, "--nonsense")[0] == 2


def test_as_a_module(clean_pages: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "jobs.inspect", "lint", str(clean_pages)], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, "no findings\n")
