"""`pagemill inspect replay` is what the trainer reads."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pipeline.stream import PretrainStream, make_spec

Pagemill = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(("step", "world", "rank"), [(0, 1, 0), (5, 2, 1), (1000, 4, 3)])
def test_positions_and_keys_of_a_rank(pagemill: Pagemill, train: str, step: int, world: int, rank: int) -> None:
    options = ("--step", step, "--global-batch", 4, "--world-size", world, "--rank", rank, "--seed", 3)
    code, out, err = pagemill("inspect", "replay", train, *options, "--json")
    assert (code, err) == (0, "")
    positions, keys = PretrainStream(train, make_spec(train, 3, 4), rank, world).plan(step)
    assert json.loads(out) == {"positions": positions, "keys": keys}
    assert out.count("\n") == 1
    code, out, _ = pagemill("inspect", "replay", train, *options)
    assert [line.split() for line in out.splitlines()] == [
        [str(p), key] for p, key in zip(positions, keys, strict=True)
    ]
