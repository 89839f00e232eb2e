"""Addresses that lead nowhere end in one line, soon. Needs no cluster."""

from __future__ import annotations

import socket
import time

import pytest

from jobs.cluster.session import session


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "no-such-host.invalid"])
def test_nobody_there(host: str) -> None:
    address = f"{host}:{_closed_port()}"
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match=f"no Ray cluster answers at {address}"), session(address):
        pytest.fail("a session with nobody")
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("address", ["nonsense", ":6379", "host:port", "127.0.0.1"])
def test_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="--address must be HOST:PORT, got"), session(address):
        pytest.fail("a session with nobody")


def test_the_dashboard_is_no_address() -> None:
    with pytest.raises(ValueError, match="HTTP address"), session("http://127.0.0.1:8265"):
        pytest.fail("a session with nobody")
