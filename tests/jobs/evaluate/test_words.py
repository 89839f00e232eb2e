"""`pagemill evaluate words`, through the real command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.ingest import IngestConfig

Pagemill = Callable[..., tuple[int, str, str]]


def test_generated_pages_are_right_by_the_truth_in_their_records(pages: str, pagemill: Pagemill) -> None:
    code, out, _ = pagemill("evaluate", "words", pages, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["pages"], told["scored"], told["bad_truth"], told["unknown_files"]) == (12, 12, [], [])
    assert told["without_truth"] == {"pages": 0, "keys": []}
    synth = told["formats"]["synth"]
    assert synth["pages"] == 12
    assert synth["words"]["f1"] == 1
    assert synth["lines"]["strict"]["f1"] > 0.95
    assert synth["lines"]["joined_across_a_gutter"] == 0


def test_a_table_for_people(pages: str, pagemill: Pagemill) -> None:
    code, out, err = pagemill("evaluate", "words", pages)
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("synth"))
    assert row[:2] == ["synth", "12"]
    assert row[3:6] == ["1.0000"] * 3
    assert "12 of 12 pages scored" in out
    assert "evaluate: 12/12 pages" in err


def test_truth_of_others_beside_the_documents(foreign_pages: str, pagemill: Pagemill) -> None:
    code, out, _ = pagemill("evaluate", "words", foreign_pages, "--json")
    told = json.loads(out)
    assert code == 0
    assert {name: one["pages"] for name, one in told["formats"].items()} == {"docbank": 2, "roor": 1}
    assert all(one["words"]["f1"] == 1 for one in told["formats"].values())
    assert told["formats"]["docbank"]["lines"] is None
    assert told["formats"]["roor"]["lines"]["strict"]["f1"] > 0.95
    assert told["without_truth"]["pages"] == 1
    assert len(told["without_truth"]["keys"]) == 1


def test_pages_without_truth_are_named(foreign_pages: str, pagemill: Pagemill) -> None:
    code, out, _ = pagemill("evaluate", "words", foreign_pages)
    assert code == 0
    keys = json.loads(pagemill("evaluate", "words", foreign_pages, "--json")[1])["without_truth"]["keys"]
    assert f"1 without truth: {keys[0]}" in out
    assert "3 of 4 pages scored" in out


def test_truth_in_a_folder_that_is_named(
    foreign: Path, ingest_folder: Callable[..., str], pagemill: Pagemill, tmp_path: Path
) -> None:
    inputs, truth = tmp_path / "in", tmp_path / "truth"
    inputs.mkdir()
    truth.mkdir()
    for name in ("0", "2"):
        shutil.copy(foreign / f"{name}.pdf", inputs)
    pages = ingest_folder([inputs], tmp_path / "pages")
    code, out, err = pagemill("evaluate", "words", pages, "--truth", truth)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: no truth for any of 2 pages: looked in ")
    assert f"{truth} and beside {inputs}/0.pdf as 0.pdf.truth.json, 0.json, .txt or .csv" in err
    shutil.copy(foreign / "0.txt", truth)
    (truth / "annotations").mkdir()
    shutil.copy(foreign / "2.json", truth / "annotations")
    code, out, _ = pagemill("evaluate", "words", pages, "--truth", truth, "--json")
    assert (code, sorted(json.loads(out)["formats"])) == (0, ["docbank", "roor"])


@pytest.fixture
def damaged(foreign: Path, ingest_folder: Callable[..., str], tmp_path: Path) -> tuple[Path, str]:
    """One document whose truth is damaged, one with good truth and a file of no known format."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("0.pdf", "0.txt", "2.pdf"):
        shutil.copy(foreign / name, inputs)
    (inputs / "2.json").write_text('{"form": [{"box": [1, 2], "words": [')
    (inputs / "0.json").write_text('{"company": "somebody"}')
    return inputs, ingest_folder([inputs], tmp_path / "pages")


def test_damaged_truth_is_named_and_the_rest_is_scored(damaged: tuple[Path, str], pagemill: Pagemill) -> None:
    inputs, pages = damaged
    code, out, _ = pagemill("evaluate", "words", pages, "--json")
    told = json.loads(out)
    assert code == 1
    assert told["scored"] == 1
    assert [one["file"] for one in told["bad_truth"]] == [f"{inputs}/2.json"]
    assert told["bad_truth"][0]["what"].startswith("damaged JSON")
    assert told["unknown_files"] == [f"{inputs}/0.json"]
    code, out, _ = pagemill("evaluate", "words", pages)
    assert code == 1
    assert f"bad truth: {inputs}/2.json: damaged JSON" in out
    assert f"1 files of no known format, such as {inputs}/0.json" in out


def test_truth_of_another_size_is_bad_and_of_other_words_is_scored(
    foreign: Path, ingest_folder: Callable[..., str], pagemill: Pagemill, tmp_path: Path
) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("0.pdf", "2.pdf"):
        shutil.copy(foreign / name, inputs)
    small = json.loads((foreign / "2.json").read_text()) | {"img": {"width": 400, "height": 400}}
    (inputs / "2.json").write_text(json.dumps(small))
    word = {"text": "elsewhere", "box": [10, 10, 60, 20]}
    other = {"document": [{"id": 0, "box": word["box"], "words": [word]}], "ro_linkings": []}
    (inputs / "0.json").write_text(json.dumps(other | {"img": {"width": 400, "height": 400}}))
    pages = ingest_folder([inputs], tmp_path / "pages")
    code, out, _ = pagemill("evaluate", "words", pages, "--json")
    told = json.loads(out)
    assert (code, told["scored"]) == (1, 1)
    assert "boxes lie beside the page of 400 x 400" in told["bad_truth"][0]["what"]
    lines = told["formats"]["roor"]["lines"]
    assert (lines["strict"]["truth"], lines["of_found_words"]) == (1, None), "nothing was found, and that is no score"
    code, out, _ = pagemill("evaluate", "words", pages)
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("roor"))
    assert row[7:9] == ["0.0000", "-"]


def test_nothing_but_damaged_truth_is_an_error_that_names_it(damaged: tuple[Path, str], pagemill: Pagemill) -> None:
    inputs, pages = damaged
    (inputs / "0.txt").unlink()
    code, out, err = pagemill("evaluate", "words", pages)
    assert (code, out) == (2, "")
    assert f"1 files cannot be read, such as {inputs}/2.json: damaged JSON" in err


def test_scans_of_the_shared_sets(
    shared: Path, ingest_folder: Callable[..., str], pagemill: Pagemill, tmp_path: Path
) -> None:
    folder = shared / "data" / "documents"
    inputs = [
        sorted((folder / "funsd" / "training_data" / "images").iterdir())[0],
        sorted((folder / "sroie" / "images").iterdir())[0],
        folder / "hrdoc" / "1808.08047" / "1.png",
    ]
    pages = ingest_folder(inputs, tmp_path / "pages", IngestConfig(pages_per_shard=4))
    code, out, _ = pagemill("evaluate", "words", pages, "--json")
    assert code == 0
    told = json.loads(out)["formats"]
    assert sorted(told) == ["funsd", "hrdoc", "sroie"]
    assert all(0.75 < one["words"]["f1"] <= 1 for one in told.values())
    assert all(0.7 < one["lines"]["of_found_words"]["f1"] <= 1 for one in told.values())
    segments = folder / "funsd_reading_order_roor"
    code, out, _ = pagemill("evaluate", "order", pages, "--truth", segments, "--json")
    assert code == 0
    order = json.loads(out)
    assert sorted(order["formats"]) == ["hrdoc", "roor", "sroie"]
    for one in order["formats"].values():
        assert 0.8 < one["as recorded"]["relations"]["share"] <= 1
