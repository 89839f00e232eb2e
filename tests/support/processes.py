"""Processes that are killed with everything that they started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL for a process and its descendants. They are stopped first, so that none can start another."""
    found: set[psutil.Process] = set()
    while new := _tree(process) - found:
        for one in new:
            quietly(one.suspend)
        found |= new
    for one in found:
        quietly(one.kill)
    assert not wait_gone(found, 20)


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended; those that have not. A zombie that nobody collects has."""
    deadline = time.monotonic() + seconds
    while (left := [one for one in processes if _lives(one)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _tree(process: psutil.Process) -> set[psutil.Process]:
    try:
        return {process, *process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        pass
