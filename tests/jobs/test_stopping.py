"""Being told to end: what is noted, whoever handles the signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from jobs.stopping import heed, noting, told


@pytest.fixture(autouse=True)
def _swallowed() -> Iterator[None]:
    """Handlers that do nothing, as one whose exit is lost does."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGUSR1)}
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
    with noting():
        assert told() is None, "what came before is over"


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
