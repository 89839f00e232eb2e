"""Programs as processes that can be killed with everything that they started."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from support.processes import kill_tree, quietly, wait_gone
from support.s3 import Server, serve

from pipeline.synth import Spec, make, save

ROOT = Path(__file__).resolve().parents[2]
TYPES = ("letter", "form", "invoice")


@dataclass
class Runner:
    """Starts `python -m <module> ...` with a Ray folder of its own, and ends it in both ways."""

    folder: Path
    started: list[psutil.Popen] = field(default_factory=list)

    def start(self, *arguments: object) -> psutil.Popen:
        """A program in a session of its own; its output goes to a file."""
        env = {**os.environ, "RAY_TMPDIR": str(self.folder), "OMP_NUM_THREADS": "1"}
        with (self.folder / "log").open("ab") as log:
            process = psutil.Popen(
                [sys.executable, "-m", *map(str, arguments)],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def finish(self, *arguments: object) -> None:
        """Run a program to its end, which must be a good one."""
        assert self.start(*arguments).wait(300) == 0, self.log()

    def log(self) -> str:
        """The end of what the programs said."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def end_of(self, processes: Iterable[psutil.Process], seconds: float) -> list[str]:
        """Wait until processes have ended; the command lines of those that have not, which are killed."""
        left = wait_gone(processes, seconds)
        names = [" ".join(one.cmdline()).strip()[:100] for one in left]
        for one in left:
            quietly(one.kill)
        return names

    def kill_when(self, process: psutil.Popen, happens: Callable[[], bool]) -> bool:
        """Kill a program and all that it started as soon as `happens()`; whether it was still running."""
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if happens():
                kill_tree(process)
                return True
            time.sleep(0.002)
        assert process.poll() is not None, self.log()
        return False


@contextmanager
def _runner() -> Iterator[Runner]:
    made = Runner(Path(tempfile.mkdtemp(prefix="rf", dir="/tmp")))  # short: sockets have 107 bytes for their path
    try:
        yield made
        assert [process.pid for process in made.started if process.is_running() and process.poll() is None] == []
    finally:
        for process in made.started:
            if process.poll() is None:
                kill_tree(process)
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A runner of whose processes none is left when the test ends."""
    with _runner() as made:
        yield made


@pytest.fixture(scope="module")
def make_runner() -> Iterator[Runner]:
    """The same for what a module's tests share."""
    with _runner() as made:
        yield made


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty born-digital documents."""
    folder = tmp_path_factory.mktemp("fault") / "documents"
    folder.mkdir()
    for i in range(30):
        save(folder, make(Spec(index=i, seed=4, document_type=TYPES[i % 3], variant="digital", pages=1)))
    return folder


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    """Random moments, other ones each day; a failure names the seed."""
    seed = int(os.environ.get("PAGEMILL_FAULT_SEED", time.time() // 86400))
    print(f"PAGEMILL_FAULT_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    """The server, and the environment in which this process and its children find it."""
    for name in ("s3fs", "moto"):
        pytest.importorskip(name, reason="needs s3fs and moto: pip install -e '.[dev]'")
    with serve() as made, pytest.MonkeyPatch.context() as patch:
        for name, value in made.env.items():
            patch.setenv(name, value)
        yield made
