"""Asks the nodes of a cluster whether they share a folder and inputs: `python share.py ADDRESS OUT [INPUT ...]`.

With BUSY in the environment every CPU is taken meanwhile, with PATIENCE a node has so many seconds to answer.
"""

from __future__ import annotations

import os
import time
from typing import Annotated, Any

import ray
import typer

from jobs.cluster import sharing
from jobs.cluster.session import session
from jobs.command import run_command
from pipeline.shards.files import Store


class _Idler:
    """Holds a CPU."""

    def there(self) -> bool:
        """Whether it has one."""
        return True


def share(address: str, out: str, inputs: Annotated[list[str], typer.Argument(default_factory=list)]) -> None:
    """Prints how long the nodes took to say yes."""
    sharing._PATIENCE = float(os.environ.get("PATIENCE", sharing._PATIENCE))
    with session(address) as cpus:
        idlers: Any = [ray.remote(_Idler).options(num_cpus=1).remote() for _ in range(cpus * ("BUSY" in os.environ))]
        ray.get([idler.there.remote() for idler in idlers])
        begun = time.monotonic()
        try:
            sharing.require_shared(Store(out), inputs)
            print("shared")
        finally:
            print(f"{time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    run_command(share)
