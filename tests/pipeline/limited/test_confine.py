"""What a child that is taken over cannot do, whoever runs it."""

from __future__ import annotations

import errno
import os
import platform
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.limited import LimitedProcess

Limited = Callable[..., LimitedProcess]
DENIED = {f"PermissionError {errno.EPERM}", f"PermissionError {errno.EACCES}"}
needs_filter = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="there is no filter for this system",
)


@pytest.fixture
def ask(limited: Limited) -> Callable[..., Any]:
    """`ask("op", value)`: what the child says."""
    process = limited()

    def get(op: str, value: Any = None) -> Any:
        return process.insist(lambda: process.ask({"op": op, "value": value}, b"", lambda head, _: head["value"], 0))

    return get


def test_limits_are_on(limited: Limited) -> None:
    pid = limited(open_files=33, address_space=777 << 20).ready()["pid"]
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    found = {line[:26].strip(): line[26:].split()[:2] for line in lines}
    assert found["Max file size"] == ["0", "0"]
    assert found["Max core file size"] == ["0", "0"]
    assert found["Max open files"] == ["33", "33"]
    assert found["Max address space"] == [str(777 << 20)] * 2
    assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n", "it goes before its parent does"


@needs_filter
def test_it_cannot_start_anything(ask: Callable[..., Any]) -> None:
    assert ask("fork") in DENIED
    assert ask("spawn", ["/bin/true"]) in DENIED
    assert ask("exec", "/bin/true") in DENIED
    assert ask("thread") is True, "libraries may have threads"


@needs_filter
def test_it_cannot_reach_the_network(ask: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ask("connect", server.getsockname()[1]) in DENIED


@needs_filter
def test_it_cannot_touch_another_process(ask: Callable[..., Any]) -> None:
    handler = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("it reached its parent"))
    try:
        assert ask("kill", os.getpid()) in DENIED
    finally:
        signal.signal(signal.SIGTERM, handler)


@needs_filter
def test_it_cannot_change_a_file(ask: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("content")
    for op in ("write", "truncate", "unlink", "rename", "chmod"):
        assert ask(op, str(path)) in DENIED, op
    for op in ("write", "touch", "mkdir"):
        assert ask(op, str(tmp_path / "new")) in DENIED, op
    assert ask("read", str(path)) == "content", "it may read: libraries load their data when they need it"
    assert [item.name for item in tmp_path.iterdir() if item.name != "modules"] == ["precious"]
    assert path.read_text() == "content"


@pytest.mark.parametrize("late", [False, True])
def test_a_service_that_needs_devices_limits_itself_when_it_is_built(
    limited: Callable[..., LimitedProcess], tmp_path: Path, late: bool
) -> None:
    """What it does while it is built is free then, and nothing that comes after."""
    process = limited({"writes": str(tmp_path / "device")}, late=late)
    wrote = process.ready()["wrote"]
    assert (wrote is None) == late
    request = {"op": "write", "value": str(tmp_path / "later")}
    refused = process.insist(lambda: process.ask(request, b"", lambda head, _: head["value"], 0))
    assert str(refused).startswith("PermissionError")
    assert not (tmp_path / "later").exists()
