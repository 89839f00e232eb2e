"""The service of the tests: it does to itself whatever it is asked to. Run by a child, never imported by a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.limited import PageError
from pipeline.limited.serve import Reply, serve
from pipeline.limited.wire import Bytes
from schemas.manifest import Reason

BUILTINS: dict[str, Callable[[Any], Any]] = {
    "sleep": time.sleep,
    "exit": os._exit,
    "complain": lambda size: sys.stderr.write("x" * size) and None,
    "print": lambda text: print(text, flush=True),
    "allocate": lambda size: len(bytearray(size)),
    "read": lambda path: Path(path).read_text(),
    "write": lambda path: Path(path).write_text("x"),
    "touch": lambda path: Path(path).touch(),
    "truncate": lambda path: os.truncate(path, 0),
    "unlink": lambda path: Path(path).unlink(),
    "rename": lambda path: Path(path).rename(f"{path}.moved"),
    "chmod": lambda path: Path(path).chmod(0o777),
    "mkdir": lambda path: Path(path).mkdir(),
    "fork": lambda _: os.fork() or os._exit(0),
    "spawn": lambda command: subprocess.run(command, check=True) and None,
    "exec": lambda path: os.execv(path, [path]),
    "connect": lambda port: socket.create_connection(("127.0.0.1", port)) and None,
    "kill": lambda pid: os.kill(pid, signal.SIGTERM),
    "environment": lambda _: dict(os.environ),
}


def spin(_: Any) -> None:
    """Use the CPU without end."""
    while True:
        pass


def raise_signal(number: int) -> None:
    """End by a signal. What a person sends comes from a person: see the test."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    time.sleep(5)


def thread(_: Any) -> bool:
    """Whether a thread can be started."""
    done: list[bool] = []
    worker = threading.Thread(target=lambda: done.append(True))
    worker.start()
    worker.join()
    return done[0]


def stumble(_: Any) -> None:
    """Fail as C code does that could not have memory and did not say so."""
    raise SystemError("<class 'Parser'> returned NULL without setting an exception")


def refuse(reason: str) -> None:
    """Refuse as a parser does."""
    raise PageError(Reason(reason), "as it was asked to")


def attempt(call: Callable[[], Any]) -> str | None:
    """What the system said against it, None where it was done."""
    try:
        call()
    except OSError as error:
        return type(error).__name__
    return None


class Service:
    """One thing at a time, and the number of things that were asked of this process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.asked = 0
        self.wrote = attempt(lambda: Path(settings["writes"]).write_text("x")) if "writes" in settings else None
        if settings.get("start") == "fail":
            raise ValueError("the model is missing\x1b[31m:\n install it")
        if settings.get("start") == "signal":
            raise_signal(settings["signal"])
        if settings.get("start") == "sleep":
            time.sleep(60)

    def ready(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "wrote": self.wrote}

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        self.asked += 1
        if request["op"] == "echo":
            return {"value": request.get("value"), "asked": self.asked}, body
        own: dict[str, Callable[[Any], Any]] = {
            "spin": spin,
            "signal": raise_signal,
            "thread": thread,
            "stumble": stumble,
        }
        try:
            value = {**BUILTINS, **own, "refuse": refuse}[request["op"]](request.get("value"))
        except OSError as error:
            value = f"{type(error).__name__} {error.errno}"
        return {"value": value, "asked": self.asked}, b""


if __name__ == "__main__":
    serve(Service)
