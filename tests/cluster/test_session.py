"""Addresses that lead nowhere end in one line, soon; a signal ends a session and all that it started."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import psutil
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


_TOLD_TO_END = """
import os, signal, psutil
from jobs.cluster.session import session
with session(cpus=1):
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""


def test_who_is_told_to_end_says_so_and_leaves_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TOLD_TO_END], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 128 + 15, done.stderr
    assert done.stderr == ""
    started = [int(pid) for pid in done.stdout.split()]
    assert started, "a cluster without a process"
    deadline = time.monotonic() + 30
    while any(map(psutil.pid_exists, started)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in started if psutil.pid_exists(pid)]
