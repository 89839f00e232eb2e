"""Plain progress: a line now and then, with rate and time left, and one at the end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from jobs import progress
from jobs.progress import JobProgress


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made)
    return made


def test_lines_now_and_then_with_rate_and_time_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("ingest", "pages", 100) as bar:
        for done in range(0, 50, 5):
            bar.update(done)
            clock.now += 1.0
        lines = capsys.readouterr().err.splitlines()
    assert lines == ["ingest: 25/100 pages, 5.0 pages/s, 15 s left"]


def test_a_resumed_job_counts_its_own_work_for_the_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("ingest", "pages", 100) as bar:
        bar.update(60)
        clock.now += 10
        bar.update(80, "2 rejected")
    assert capsys.readouterr().err == "ingest: 80/100 pages, 2.0 pages/s, 10 s left, 2 rejected\n"


def test_time_before_the_first_update_is_none_of_the_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("pretrain", "samples", 100, every=60) as bar:
        clock.now += 50  # a cluster starts
        bar.update(10)
        clock.now += 10
        bar.update(30)
    assert capsys.readouterr().err == "pretrain: 30/100 samples, 2.0 samples/s, 35 s left\n"


def test_what_was_done_before_gives_no_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("ingest", "pages", 100) as bar:
        clock.now += 9
        bar.update(60)
        clock.now += 6
        bar.update(60)
    assert capsys.readouterr().err.splitlines() == ["ingest: 60/100 pages"] * 2


def test_the_end_is_said_once(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("ingest", "pages", 8) as bar:
        bar.update(0)
        clock.now += 2
        for _ in range(4):
            bar.update(8)
        bar.update(8, "1 rejected")
        bar.update(8, "1 rejected")
    assert capsys.readouterr().err.splitlines() == [
        "ingest: 8/8 pages, 4.0 pages/s",
        "ingest: 8/8 pages, 4.0 pages/s, 1 rejected",
    ]


def test_nothing_to_do_is_fine(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress("ingest", "pages", 0) as bar:
        bar.update(0)
    assert capsys.readouterr().err == "ingest: 0/0 pages\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=120))
    with JobProgress("prepare", "pages", 10) as bar:
        bar.update(0)
        bar.update(10, "3 rejected")
    text = screen.getvalue()
    assert "prepare" in text
    assert "10/10" in text
    assert "3 rejected" in text
