"""`pagemill evaluate order`, through the real command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Pagemill = Callable[..., tuple[int, str, str]]


def test_the_records_order_beside_the_baselines(pages: str, pagemill: Pagemill) -> None:
    code, out, _ = pagemill("evaluate", "order", pages, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["pages"], told["scored"], told["truth_boxes"]) == (12, 12, False)
    synth = told["formats"]["synth"]
    assert list(synth) == ["as recorded", "lrtb", "xycut"]
    recorded = synth["as recorded"]
    assert recorded["words"] == synth["lrtb"]["words"] > 500
    assert recorded["chains"] == 12
    assert 0.9 < recorded["word_successors"]["f1"] <= 1
    assert 0.9 < recorded["relations"]["share"] <= 1
    assert recorded["bleu"] > 0.8


def test_a_table_for_people(foreign_pages: str, pagemill: Pagemill) -> None:
    code, out, _ = pagemill("evaluate", "order", foreign_pages, "--algorithm", "lrtb")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.strip().startswith(("docbank", "roor"))]
    assert [row[:2] for row in rows] == [["docbank", "as"], ["docbank", "lrtb"], ["roor", "as"], ["roor", "lrtb"]]
    assert len(rows[1]) == 11
    assert len(rows[3]) == 7  # a relation has no BLEU, distance, tau
    assert "3 of 4 pages scored" in out


def test_order_of_true_boxes_by_the_algorithms_that_are_named(foreign_pages: str, pagemill: Pagemill) -> None:
    command = ("evaluate", "order", foreign_pages, "--truth-boxes", "--json")
    code, out, _ = pagemill(*command, "--algorithm", "xycut", "--algorithm", "lrtb")
    told = json.loads(out)
    assert (code, told["truth_boxes"]) == (0, True)
    for name in ("docbank", "roor"):
        assert list(told["formats"][name]) == ["xycut", "lrtb"]
        assert told["formats"][name]["xycut"]["relations"]["share"] > 0.9
    assert told["formats"]["roor"]["xycut"]["bleu"] is None


def test_truth_that_knows_no_order_is_none(
    foreign: Path, ingest_folder: Callable[..., str], pagemill: Pagemill, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "3.pdf").write_bytes((foreign / "3.pdf").read_bytes())
    (tmp_path / "in" / "3.json").write_text('{"form": []}')
    pages = ingest_folder([tmp_path / "in"], tmp_path / "pages")
    code, out, err = pagemill("evaluate", "order", pages)
    assert (code, out) == (2, "")
    assert "error: no truth that knows the reading order for any of 1 pages: looked beside" in err
