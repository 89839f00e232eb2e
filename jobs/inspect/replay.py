"""pagemill inspect replay: which samples a rank reads at a step, exactly as the trainer logs it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from PIL import Image

from pipeline.shards.files import write_atomic

if TYPE_CHECKING:
    from pipeline.stream import Batch
    from schemas.stream import StreamSpec

_OF_RUN = ("global_batch", "seed", "weight", "buckets", "tail", "objectives")
_DEFAULTS = "read with the default objectives; those of a run need --run RUN or --objectives FILE"


def replay(
    context: typer.Context,
    dataset: Annotated[list[str], typer.Argument(help="Training datasets, as of the run.", show_default=False)],
    step: Annotated[int, typer.Option(help="Step, from 0.", show_default=False)],
    global_batch: Annotated[int, typer.Option(help="Samples of a step over all ranks.")] = 8,
    world_size: Annotated[int, typer.Option(help="Number of ranks.")] = 1,
    rank: Annotated[int, typer.Option(help="Rank, from 0.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    weight: Annotated[list[float] | None, typer.Option(help="Of each dataset, in order; default: equal.")] = None,
    buckets: Annotated[int, typer.Option(help="As of the run.")] = 1,
    tail: Annotated[str, typer.Option(help="As of the run: wrap, drop or pad.")] = "wrap",
    objectives: Annotated[Path | None, typer.Option(help="As of the run: JSON file of rates and rules.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a run: its own specification counts.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="As of the run.")] = False,
    png: Annotated[Path | None, typer.Option(help="Folder for the pictures as the model gets them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the positions and keys that a rank reads at a step."""
    from jobs.train.config import read_objectives  # noqa: PLC0415
    from pipeline.stream import PretrainStream, StreamLoader, make_spec  # noqa: PLC0415 - torch: no other verb needs it
    from schemas.stream import Tail  # noqa: PLC0415

    if tail not in list(Tail):
        raise ValueError(f"--tail must be one of {', '.join(Tail)}, got {tail!r}")
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}")
    if run is None:
        rules = read_objectives(objectives)
        order: dict[str, Any] = {"weights": weight or None, "buckets": buckets, "tail": Tail(tail)}
        spec = make_spec(dataset, seed, global_batch, objectives=rules, **order)
    else:
        _refuse_what_a_run_has(context)
        spec = _spec_of(run)
    stream = PretrainStream(dataset, spec, rank, world_size, skip_bad=skip_bad)
    stream.load_state_dict(stream.state_at(step))
    batch = next(iter(StreamLoader(stream, step + 1)))
    if run is None and objectives is None:
        typer.echo(f"note: {_DEFAULTS}", err=True)
    if png is not None:
        _write_pictures(png, batch)
    _print(batch, as_json)


def _refuse_what_a_run_has(context: typer.Context) -> None:
    for name in _OF_RUN:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            value = str(context.params[name])
            raise ValueError(f"--{name.replace('_', '-')} {value!r} beside --run: a run has its own")


def _spec_of(run: Path) -> StreamSpec:
    from jobs.train.config import of_run  # noqa: PLC0415

    return of_run(run).stream


def _write_pictures(folder: Path, batch: Batch) -> None:
    """With masks and covers, in the model's size; a file for each position."""
    folder.mkdir(parents=True, exist_ok=True)
    for position, key, image in zip(batch.positions, batch.keys, batch.image, strict=True):
        sink = io.BytesIO()
        rgb = image.flip(0).permute(1, 2, 0).contiguous().numpy()  # from BGR, 3 x S x S
        Image.fromarray(rgb).save(sink, format="PNG")
        write_atomic(folder / f"{position:012d}-{key or 'none'}.png", sink.getvalue())


def _print(batch: Batch, as_json: bool) -> None:
    for reason in batch.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    if as_json:
        print(orjson.dumps({"positions": batch.positions, "keys": batch.keys}).decode())
        return
    for position, key in zip(batch.positions, batch.keys, strict=True):
        print(f"{position:>12} {key}")
