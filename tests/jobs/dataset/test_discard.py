"""What was begun and is dropped: the dataset is the one it was."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.stories import Story

from jobs.command import run_app
from jobs.dataset.app import app
from jobs.dataset.whole import Check
from jobs.inspect.lint import lint
from pipeline.ingest import InputFiles, listing_row
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles
from pipeline.sources import Listed
from schemas.dataset import DatasetInfo


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def begun(story: Callable[[str], Story], monkeypatch: pytest.MonkeyPatch) -> tuple[Story, dict[str, bytes]]:
    """A dataset of one generation and all but the end of a second, and its files before that."""
    made = story("set")
    made.put("/a/x.pdf", ("x", ""))
    made.ingest(frozenset())
    before = _files(Path(made.store.url))
    made.put("/a/z.pdf", ("z", ""))

    def cut_off(*_: object) -> DatasetInfo:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("support.stories.add_generation", cut_off)
        with pytest.raises(KeyboardInterrupt):
            made.ingest(frozenset())
    assert len(_files(Path(made.store.url))) > len(before)
    return made, before


def _discard(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pagemill dataset", "discard", url])
    with pytest.raises(SystemExit) as ended:
        run_app(app)
    assert ended.value.code == 0


def test_what_was_begun_goes_and_what_is_finished_stays(
    begun: tuple[Story, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    story, before = begun
    _discard(story.store.url, monkeypatch)
    assert "gen-0001 is dropped, 2 unit(s) of it were done" in capsys.readouterr().out
    assert _files(Path(story.store.url)) == before
    assert not (Path(story.store.url) / "gen-0001").exists()
    _discard(story.store.url, monkeypatch)
    assert "nothing is under way" in capsys.readouterr().out
    story.ingest(frozenset())
    assert Dataset(story.store.url).info.totals.ok == 4, "the same inputs are new again"
    assert lint(story.store.url) == []
    assert not [finding for one in Check(story.store.url).generations() for finding in one.findings]


def test_inputs_that_cannot_be_reached_any_more_are_given_up(
    story: Callable[[str], Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = story("set")
    made.put("/a/x.pdf", ("x", ""))
    made.ingest(frozenset())
    InputFiles(GenerationFiles(made.store, "gen-0001")).write_listing([listing_row(Listed("https://gone/x.pdf", ""))])
    _discard(made.store.url, monkeypatch)
    assert InputFiles(GenerationFiles(made.store, "gen-0001")).read_listing() is None


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_discard_that_was_cut_off_is_given_again(
    begun: tuple[Story, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    story, before = begun
    calls = iter(range(4))
    removed = {"remove": Store.remove, "remove_folder": Store.remove_folder}

    def counted(name: str) -> Callable[[Store, str], None]:
        def call(store: Store, path: str) -> None:
            if next(calls) == kept:
                raise KeyboardInterrupt
            removed[name](store, path)

        return call

    with monkeypatch.context() as patch:
        for name in removed:
            patch.setattr(Store, name, counted(name))
        with pytest.raises(KeyboardInterrupt):
            GenerationFiles(story.store, "gen-0001").discard()
    _discard(story.store.url, monkeypatch)
    assert _files(Path(story.store.url)) == before


def test_what_is_no_dataset_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pagemill dataset", "discard", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        run_app(app)
    assert ended.value.code == 2
