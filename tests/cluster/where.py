"""Asks each node of a cluster where it finds the project; one line of JSON. Run as a Ray job, or as a program.

As a program it brings no working directory along: `python where.py`, with RAY_ADDRESS set.
"""

from __future__ import annotations

import json
import logging
from importlib.util import find_spec
from pathlib import Path

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


@ray.remote(num_cpus=0)
def look() -> dict[str, str | None]:
    """Folder in which this worker works, and the one from which it imports the project."""
    spec = find_spec("pipeline")
    return {"cwd": str(Path.cwd()), "pipeline": None if spec is None else spec.origin}


def main() -> None:
    """Ask every node that is alive."""
    ray.init(logging_level=logging.ERROR, log_to_driver=False)
    answers = {}
    for node in ray.nodes():
        if node["Alive"]:
            pinned = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
            answers[node["NodeManagerAddress"]] = ray.get(look.options(scheduling_strategy=pinned).remote())
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
