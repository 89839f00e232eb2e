"""verify finds every byte that differs and every sum that does not hold, and reads no more than a little at a time."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stories import LOCKED, Story

from jobs.command import run_app
from jobs.dataset.app import app
from jobs.dataset.whole import Check
from jobs.inspect.lint import CODES
from pipeline.shards.files import Store
from schemas.dataset import Counts, DatasetInfo, FileRef, Generation, GenerationPlan, UnitMarker, generation_digest


def _found(url: str) -> list[tuple[str, str]]:
    check = Check(url)
    list(check.generations())
    assert {one.code for one in check.found()} <= set(CODES)
    return [(one.where, one.code) for one in check.found()]


@pytest.fixture
def whole(story: Callable[[str], Story]) -> Path:
    """A dataset of two generations, the first with a rejected file and a duplicate."""
    made = story("whole")
    for uri, state in (("/1.pdf", ("z", "")), ("/2.pdf", ("z", "")), ("/3.pdf", ("x", LOCKED))):
        made.put(uri, state)
    made.ingest(frozenset())
    made.put("/4.pdf", ("y", ""))
    made.ingest(frozenset())
    return Path(made.store.url)


def _named(folder: Path) -> list[str]:
    """Every file that a marker or a plan names, read without the project's code."""
    records = [*folder.glob("gen-*/units/*.json"), *folder.glob("gen-*/plan.json")]
    return sorted(
        f"{path.relative_to(folder).parts[0]}/{ref['name']}"
        for path in records
        for ref in json.loads(path.read_text())["files"]
    )


def test_a_whole_dataset_has_no_findings(whole: Path, pages: str, train: str) -> None:
    for url in (str(whole), pages, train):
        assert _found(url) == []
    check = Check(str(whole))
    told: list[int] = []
    reports = list(check.generations(told.append))
    assert [report.name for report in reports] == ["gen-0000", "gen-0001"]
    named = _named(whole)
    assert sum(report.files for report in reports) == len(named)
    assert sum(told) == sum(report.bytes for report in reports) == sum((whole / name).stat().st_size for name in named)


def test_any_file_that_is_named_is_missed(whole: Path) -> None:
    names = _named(whole)
    assert {name.split("/")[1].split("-")[0] for name in names} >= {"pages", "manifest", "plan", "listing", "probes"}
    for name in names:
        path = whole / name
        data = path.read_bytes()
        path.unlink()
        assert _found(str(whole)) == [(name, "file-missing")]
        path.write_bytes(data[:-1])
        assert _found(str(whole)) == [(name, "file-size")]
        path.write_bytes(data)
    assert _found(str(whole)) == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_byte_that_differs_is_found(
    tmp_path_factory: pytest.TempPathFactory, document: Any, data: st.DataObject
) -> None:
    made = _made_once(tmp_path_factory, document)
    path = made / data.draw(st.sampled_from(_named(made)))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    path.write_bytes(before[:place] + bytes([before[place] ^ data.draw(st.integers(1, 255))]) + before[place + 1 :])
    try:
        assert _found(str(made)) == [(str(path.relative_to(made)), "file-sha256")]
    finally:
        path.write_bytes(before)


def _made_once(factory: pytest.TempPathFactory, document: Any, _made: list[Path] = []) -> Path:  # noqa: B006
    if not _made:
        story = Story(Store(str(factory.mktemp("any") / "pages")), document)
        story.put("/1.pdf", ("z", ""))
        story.ingest(frozenset())
        _made.append(Path(story.store.url))
    return _made[0]


def _change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _without_first(folder: Path) -> None:
    (folder / "gen-0000/units/000000.json").unlink()


def _no_json(folder: Path) -> None:
    (folder / "gen-0000/units/000001.json").write_bytes(b"{")


def _two_oks(folder: Path) -> None:
    path = folder / "gen-0000/units/000000.json"
    _change(path, counts=json.loads(path.read_text())["counts"] | {"ok": 99})


def _other_totals(folder: Path) -> None:
    _change(folder / "dataset.json", totals=Counts(ok=1).model_dump())


def _other_digest(folder: Path) -> None:
    _change(folder / "dataset.json", digest="0" * 64)


def _no_plan(folder: Path) -> None:
    (folder / "gen-0001/plan.json").unlink()


def _more_planned(folder: Path) -> None:
    path = folder / "gen-0001/plan.json"
    _change(path, rows=json.loads(path.read_text())["rows"] + 1)


def _other_generation(folder: Path) -> None:
    data = json.loads((folder / "dataset.json").read_text())
    data["generations"][0]["digest"] = "0" * 64
    (folder / "dataset.json").write_text(json.dumps(data))


def _no_dataset(folder: Path) -> None:
    (folder / "dataset.json").write_bytes(b"[]")


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (_without_first, {"unit-missing", "generation-digest", "generation-counts", "plan-rows"}),
        (_no_json, {"unit-marker", "unit-missing", "generation-digest", "generation-counts", "plan-rows"}),
        (_two_oks, {"generation-counts", "plan-rows"}),
        (_other_totals, {"dataset-totals"}),
        (_other_digest, {"dataset-digest"}),
        (_no_plan, {"plan-file"}),
        (_more_planned, {"plan-rows"}),
        (_other_generation, {"generation-digest", "dataset-digest"}),
        (_no_dataset, {"dataset-file"}),
    ],
)
def test_sums_that_do_not_hold(whole: Path, damage: Callable[[Path], None], codes: set[str]) -> None:
    damage(whole)
    assert {code for _, code in _found(str(whole))} == codes


def test_another_tokenizer(train: str, tmp_path: Path) -> None:
    for name in ("dataset.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((Path(train) / name).read_bytes())
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    assert ("tokenizer.json", "dataset-tokenizer") in _found(str(tmp_path))


def test_names_that_lead_elsewhere_are_not_followed(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    path = whole / "gen-0000/units/000000.json"
    files = json.loads(path.read_text())["files"]
    _change(path, files=[*files, {"name": "../../secret", "size": 6, "sha256": "0" * 64}])
    assert ("gen-0000/../../secret", "file-missing") in _found(str(whole))


def test_large_files_are_read_in_pieces(tmp_path: Path) -> None:
    """A marker of a unit with a tar of 96 MB; at most a few pieces of it are in memory at any time."""
    store = Store(str(tmp_path))
    size = 96 << 20
    (tmp_path / "gen-0000/units").mkdir(parents=True)
    (tmp_path / "gen-0000/pages-000000.tar").write_bytes(bytes(size))
    digest = "7f3b2b3c" * 8
    marker = UnitMarker(
        unit="000000", shard="pages-000000", counts=Counts(),
        files=[FileRef(name="pages-000000.tar", size=size, sha256=digest)],
    )  # fmt: skip
    store.write("gen-0000/units/000000.json", marker.to_json())
    plan = GenerationPlan(name="gen-0000", units=1, unit_rows=1, rows=0, inputs="", files=[])
    store.write("gen-0000/plan.json", plan.to_json())
    generation = Generation(
        name="gen-0000", digest=generation_digest([marker]), shards=1, counts=Counts(), inputs="", environment={}
    )
    digest_of = DatasetInfo.digest_of([generation])
    made = DatasetInfo(content="pages", generations=[generation], digest=digest_of, config={}, totals=Counts())
    store.write("dataset.json", made.to_json())
    tracemalloc.start()
    try:
        assert _found(str(tmp_path)) == [("gen-0000/pages-000000.tar", "file-sha256")]
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def _run(*arguments: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pagemill dataset", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_app(app)
    return int(str(ended.value.code))


def test_the_command(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("verify", whole) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["gen-0000", "gen-0001", "no findings"]
    assert all(line.endswith("MB/s: whole") for line in lines[:2])
    text = (whole / "dataset.json").read_text()
    last = json.loads(text) | {"generations": json.loads(text)["generations"][:1]}
    one = DatasetInfo.digest_of([Generation.model_validate(entry) for entry in last["generations"]])
    totals = last["generations"][0]["counts"]
    (whole / "dataset.json").write_text(json.dumps(last | {"digest": one, "totals": totals}))
    assert _run("verify", whole) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "no findings"
    assert said.err.splitlines()[-1] == "note: gen-0001 was begun and is not finished: 1 of 1 units are done"
    assert _run("verify", whole, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unfinished"].startswith("gen-0001 was begun")
    (whole / "dataset.json").write_text(text)
    (whole / "gen-0001/pages-000000.tar").write_bytes(b"\x1b[31m")
    assert _run("verify", whole) == 1
    said = capsys.readouterr().out
    assert "gen-0001/pages-000000.tar: 5 bytes" in said
    assert said.splitlines()[-1] == "1 finding(s)"
    assert _run("verify", whole, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in found["findings"]] == ["file-size"]
    assert [one["findings"] for one in found["generations"]] == [0, 1]
    assert _run("verify", tmp_path / "absent") == 2
    assert "no dataset at" in capsys.readouterr().err
