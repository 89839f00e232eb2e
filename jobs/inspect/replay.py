"""pagemill inspect replay: which samples a rank reads at a step, exactly as the trainer logs it."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer


def replay(
    dataset: Annotated[str, typer.Argument(help="A training dataset.", show_default=False)],
    step: Annotated[int, typer.Option(help="Step, from 0.", show_default=False)],
    global_batch: Annotated[int, typer.Option(help="Samples of a step over all ranks.")] = 8,
    world_size: Annotated[int, typer.Option(help="Number of ranks.")] = 1,
    rank: Annotated[int, typer.Option(help="Rank, from 0.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the positions and keys that a rank reads at a step."""
    from pipeline.stream.loader import PretrainStream, make_spec  # noqa: PLC0415 - torch, which no other verb needs

    stream = PretrainStream(dataset, make_spec(dataset, seed, global_batch), rank, world_size)
    positions, keys = stream.plan(step)
    if as_json:
        print(orjson.dumps({"positions": positions, "keys": keys}).decode())
        return
    for position, key in zip(positions, keys, strict=True):
        print(f"{position:>12} {key}")
