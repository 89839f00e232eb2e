"""Addresses that lead nowhere end in one line, soon; a signal ends a session and all that it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
from support.by_hand import without_its_font

from jobs.cluster.session import session

ROOT = str(Path(__file__).resolve().parents[2])


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


def _children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _told(number: int, out: Path, ready: Callable[[Sequence[psutil.Process]], bool], times: int = 1) -> tuple[int, str]:
    """Exit code and last words of an ingestion that gets a signal once its children are `ready`; none must be left."""
    command = [sys.executable, "-m", "jobs.ingest", str(out.parent / "in"), "--out", str(out), "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": ROOT}) as process:
        while not ready(_children(process)) and process.poll() is None:
            time.sleep(0.02)
        started = _children(process)
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.1)
        _, said = process.communicate(timeout=120)
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive, "it left processes behind"
    return process.returncode, said


def _is_working(children: Sequence[psutil.Process]) -> bool:
    return any("pipeline.pages.child" in " ".join(_command(child)) for child in children)


def _command(child: psutil.Process) -> list[str]:
    try:
        return child.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize(
    ("number", "ready", "times"),
    [
        (signal.SIGTERM, bool, 1),  # while Ray starts, which has handlers of its own
        (signal.SIGTERM, _is_working, 1),
        (signal.SIGTERM, _is_working, 4),
        (signal.SIGHUP, _is_working, 1),
        (signal.SIGINT, _is_working, 1),
    ],
)
def test_who_is_told_to_end_says_so_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, ready: Callable[..., bool], times: int
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "long.pdf").write_bytes(without_its_font(500, 80, serif=False, pages=3000))
    code, said = _told(number, tmp_path / "out", ready, times)
    assert code == 128 + number, said
    assert said.splitlines()[-1] == f"error: stopped by {number.name}"
