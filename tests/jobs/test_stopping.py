"""Being told to end: what is noted, whoever handles the signal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from jobs.command import run_command
from jobs.stopping import end_as_usual, end_when_told, heed, noting, told

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(autouse=True)
def _swallowed() -> Iterator[None]:
    """Handlers that do nothing, as one whose exit is lost does."""
    before = {number: signal.signal(number, lambda *_: None) for number in ALL}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_that_its_handler_loses_is_noted() -> None:
    with noting():
        assert told() is None
        heed()
        os.kill(os.getpid(), signal.SIGTERM)
        assert told() == signal.SIGTERM
        with pytest.raises(SystemExit) as ended:
            heed()
        assert ended.value.code == 143
    assert told() is None, "what came before is over"
    heed()
    with noting():
        assert told() is None


def test_other_signals_tell_nothing() -> None:
    with noting():
        os.kill(os.getpid(), signal.SIGUSR1)
        assert told() is None
    os.kill(os.getpid(), signal.SIGTERM)
    assert told() is None


def test_what_a_forked_process_is_told_is_its_own() -> None:
    with noting():
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert told() is None


def test_a_handler_of_ours_is_remembered_where_nothing_is_noted_any_more() -> None:
    """A loop of asyncio that handles a signal takes the notes for itself."""
    with noting():
        loop = asyncio.new_event_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: None)
        loop.close()
        end_when_told()
        with pytest.raises(SystemExit):
            os.kill(os.getpid(), signal.SIGTERM)
        assert told() == signal.SIGTERM


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_the_first_signal_ends_is_not_cut_off_by_another(first: signal.Signals) -> None:
    with noting():
        end_when_told()
        with pytest.raises(KeyboardInterrupt if first is signal.SIGINT else SystemExit):
            os.kill(os.getpid(), first)
        for later in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), later)
        assert told() == first


def test_when_nothing_came_all_is_as_usual_again() -> None:
    end_when_told()
    end_as_usual()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_what_is_ignored_stays_so() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with noting():
        end_when_told()
        for number in (signal.SIGINT, signal.SIGHUP):
            os.kill(os.getpid(), number)
        assert told() is None


def test_a_forked_process_can_be_ended_as_any_other() -> None:
    with noting():
        end_when_told()
        child = os.fork()
        if not child:
            for _ in range(2):
                try:
                    os.kill(os.getpid(), signal.SIGTERM)
                except BaseException:  # noqa: BLE001 - who catches everything
                    pass
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM


def _code(command: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as ended:
        run_command(command)
    return int(str(ended.value.code))


def test_a_command_that_is_told_to_end_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def masked() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("what a library makes of it")

    assert _code(masked, monkeypatch) == 143
    assert capsys.readouterr().err.splitlines() == [
        "error: what a library makes of it",
        "error: stopped by SIGTERM",
    ]


def test_a_command_that_is_done_all_the_same_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _code(lambda: os.kill(os.getpid(), signal.SIGTERM), monkeypatch) == 0
