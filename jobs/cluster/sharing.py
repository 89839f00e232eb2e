"""Proof that every node of a cluster sees the same files as the driver, before anything is written.

Nodes that join later are not asked: what they cannot see stops their units with an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import PLAN_FILE
from schemas.dataset import DATASET_FILE

_PATIENCE = 60.0  # seconds for a node to answer
_SETTLE = 3.0  # seconds in which a network file system shows what another node has written
_ASKED = 16  # inputs, spread evenly over all of them
_INSIDE = 4  # files of each that is a folder
_LOOKED_THROUGH = 256  # entries of a folder, of which those are taken
_SHOWN = 3  # nodes that an error names


@dataclass(frozen=True)
class _Node:
    """A node that is alive."""

    id: str
    address: str


@dataclass(frozen=True)
class _Seen:
    """What the driver sees at a path: all bytes of a small file, the size of another one, None for a folder."""

    path: str
    fact: bytes | int | None


def require_shared(store: Store, inputs: Sequence[str]) -> None:
    """Stop unless every node sees the folder of `store` and, of the local ones among `inputs`, a few as they are here.

    To be called inside a `session`. Nothing is asked where the driver's node is the only one. Raises ValueError
    naming a node that does not share, RuntimeError for one that does not answer.
    """
    nodes = _nodes()
    seen = _seen_here(inputs)
    if (len(nodes) < 2 and not _far_away()) or not (store.local or seen):
        return
    with store.scratch() if store.local else nullcontext() as scratch:
        expected = seen if scratch is None else [_Seen(str(scratch[0]), scratch[1]), *seen]
        answers = _answers(nodes, expected)
    for place in expected:
        blind = [node.address for node, unseen in answers.items() if unseen == place.path]
        if blind:
            what = f"input {place.path}" if place in seen else f"--out {store.url}"
            raise ValueError(
                f"node {_some(blind)} of the cluster does not see {what} as it is here: with several nodes it must lie"
                " in a folder that all of them share under the same path, or behind a URL (s3://...)"
            )


def _nodes() -> list[_Node]:
    rows: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [_Node(row["NodeID"], row["NodeManagerAddress"]) for row in rows if row["Alive"]]


def _far_away() -> bool:
    """Whether this process is on no node at all (ray://)."""
    return bool(ray.util.client.ray.is_connected())  # type: ignore[no-untyped-call]


def dataset_paths(dataset: Dataset) -> list[str]:
    """Paths of a few files that a dataset must have, where it is a folder of this machine."""
    names = [DATASET_FILE, *(f"{generation.name}/{PLAN_FILE}" for generation in dataset.info.generations)]
    return [str(path) for name in names if (path := dataset.store.local_path(name)) is not None]


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    return ", ".join(addresses[:_SHOWN]) + more


def _seen_here(inputs: Sequence[str]) -> list[_Seen]:
    """A few inputs that are files or folders of this machine: the first, the last and some between."""
    local = [item.removeprefix("file://") for item in inputs if "://" not in item or item.startswith("file://")]
    step = max(1.0, (len(local) - 1) / (_ASKED - 1))
    chosen = [Path(local[round(i * step)]).absolute() for i in range(min(_ASKED, len(local)))]
    found = [path for item in chosen for path in (item, *_some_inside(item))]
    return [seen for path in dict.fromkeys(found) if (seen := _seen(path)) is not None]


def _seen(path: Path) -> _Seen | None:
    """What lies at a path; None where that cannot be told here, which is for who reads the inputs to say."""
    try:
        return _Seen(str(path), _fact(path))
    except OSError:
        return None


def _some_inside(folder: Path) -> list[Path]:
    """A few files right in a folder: where it is not mounted, it is there and empty."""
    try:
        with os.scandir(folder) as entries:
            files = sorted(entry.name for entry in islice(entries, _LOOKED_THROUGH) if entry.is_file())
    except OSError:  # a file, most often
        return []
    return [folder / name for name in files[:_INSIDE]]


def _fact(path: Path) -> int | None:
    """Size of a file; None for a folder."""
    return None if path.is_dir() else path.stat().st_size


def _look(expected: list[_Seen]) -> str | None:
    """The first place that this node does not see as the driver does, None where it sees them all."""
    deadline = time.monotonic() + _SETTLE
    while (unseen := next((one.path for one in expected if not _is_seen(one)), None)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return unseen


def _is_seen(expected: _Seen) -> bool:
    path = Path(expected.path)
    try:
        fact = path.read_bytes() if isinstance(expected.fact, bytes) else _fact(path)
    except OSError:
        return False
    return fact == expected.fact


_Look: Any = ray.remote(_look)


def _answers(nodes: Sequence[_Node], expected: list[_Seen]) -> dict[_Node, str | None]:
    """What each node does not see. One that is lost meanwhile is let go; RuntimeError for one that is silent."""
    answers: dict[_Node, str | None] = {}
    deadline = time.monotonic() + _PATIENCE
    left = list(nodes)
    while left:
        failed = _ask(left, expected, answers, deadline)
        alive = set(_nodes()) if failed else set()
        left = [node for node in failed if node in alive]
        if left and time.monotonic() >= deadline:
            why = next(failed[node] for node in left)
            raise RuntimeError(
                f"no answer from node {_some([node.address for node in left])} of the cluster within"
                f" {_PATIENCE:.0f} s: {why}"
            )
        if left:
            time.sleep(1.0)
    return answers


def _ask(
    nodes: Sequence[_Node], expected: list[_Seen], answers: dict[_Node, str | None], deadline: float
) -> dict[_Node, str]:
    """Put the answers of `nodes` into `answers`; those that gave none, with the reason."""
    # No CPU: nodes that are busy answer, too.
    asked = {
        _Look.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node.id, soft=False),
        ).remote(expected): node
        for node in nodes
    }
    _, late = ray.wait(list(asked), num_returns=len(asked), timeout=max(0.0, deadline - time.monotonic()))
    failed = {asked[result]: "it is busy or gone" for result in late}
    for result in late:
        ray.cancel(result, force=True)
    for result, node in asked.items():
        if node not in failed:
            try:
                answers[node] = ray.get(result)
            except RayError as error:
                failed[node] = str(error).splitlines()[0]
    return failed
