"""A connection to Ray: the cluster that a job was submitted to, one named by its address, or one of our own."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

from jobs.command import inside_job
from jobs.stopping import end_as_usual, end_when_told, heed

_ROOT = Path(__file__).resolve().parents[2]
# What Ray packs from the project's folder when a laptop connects to a cluster without `ray job submit`.
_EXCLUDES = [".git", ".venv", "/out", "/runs", "/tests", "/docs", "*.tar", "*.parquet"]

_PATIENCE = 10.0  # seconds for a cluster to answer at all


@contextmanager
def session(address: str | None = None, cpus: int | None = None) -> Iterator[int]:
    """Ray for as long as the block runs; yields the number of CPUs there.

    Without `address` and outside a submitted job this is a cluster in this process, of `cpus` CPUs (default: all),
    that nobody else can reach and that ends with the block.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = address or os.environ.get("RAY_ADDRESS")
    if ray.is_initialized():  # within another block: a demo that runs several jobs
        yield _cpus()
        return
    try:
        _connect(address, cpus)
        end_when_told()
        heed()
        _say_what_is_waited_for()
        yield _cpus()
    finally:
        ray.shutdown()
        end_as_usual()


def _say_what_is_waited_for() -> None:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    if not resources.get("CPU"):
        print("note: the cluster has no CPU yet: waiting for a node that has some", file=sys.stderr, flush=True)


def _cpus() -> int:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get("CPU", 1))


def _connect(address: str | None, cpus: int | None) -> None:
    if address is None:
        # Ray counts the host's CPUs; a container's share is what this process may use.
        cpus = cpus or len(os.sched_getaffinity(0))
        _start(cpus)
        return
    _reach(address)
    env = None if inside_job() else {"working_dir": str(_ROOT), "excludes": _EXCLUDES}
    try:
        ray.init(address=address, runtime_env=env, logging_level=logging.ERROR, log_to_driver=False)
    except ConnectionError:
        raise RuntimeError(
            f"the Ray cluster at {address} does not let us in: is its token the one in RAY_AUTH_TOKEN_PATH?"
        ) from None


def _start(cpus: int) -> None:
    try:
        ray.init(
            address="local",
            num_cpus=cpus,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    except Exception as error:
        if type(error) is not Exception:  # what Ray raises where one of its processes does not start
            raise
        raise RuntimeError(f"Ray does not start on this machine: {error}") from error


def _reach(address: str) -> None:
    """Find out in seconds that nothing listens at HOST:PORT; Ray would try for minutes. Other forms are Ray's."""
    if address == "auto" or "://" in address:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"--address must be HOST:PORT, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise RuntimeError(f"no Ray cluster answers at {address}: {error}") from None
