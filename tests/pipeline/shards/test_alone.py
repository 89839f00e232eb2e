"""One command at a time: real processes, a real kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.shards.alone import alone
from pipeline.shards.files import Store

HOLD = """
import sys, time
from pipeline.shards.alone import alone
from pipeline.shards.files import Store
with alone(Store(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
Hold = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """`hold(folder)`: a process that holds the folder."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> subprocess.Popen[str]:
        holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
        started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in started:
        holder.kill()
        holder.communicate()


def test_a_second_one_is_refused_until_the_first_is_gone(tmp_path: Path, hold: Hold) -> None:
    store = Store(str(tmp_path))
    holder = hold(tmp_path)
    with pytest.raises(RuntimeError, match="another command is at work"), alone(store):
        pass
    holder.kill()
    holder.wait()
    with alone(store):
        assert list(tmp_path.iterdir()) == [], "a lock leaves no file"


def test_other_folders_and_urls_are_not_locked(tmp_path: Path, hold: Hold) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    holder = hold(tmp_path / "a")
    with alone(Store(str(tmp_path / "b"))), alone(Store("memory://somewhere")), alone(Store("memory://somewhere")):
        assert holder.poll() is None, "all of that while the other folder is held"


def test_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    """A worker that outlives its killed driver must not keep the next run out."""
    store = Store(str(tmp_path))
    with alone(store):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with alone(store):
        assert child.poll() is None, "it lives, and holds nothing"
        child.communicate(b"")
