"""pagemill prepare: page shards to training shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.cluster.prepare import prepare as run_prepare
from jobs.command import check_workers, require_lasting, run_command
from jobs.ingest import summary
from pipeline.prepare import PrepareConfig, load_tokenizer
from pipeline.shards.dataset import Dataset


def prepare(
    pages: Annotated[str, typer.Argument(help="A dataset of pages.", show_default=False)],
    out: Annotated[str, typer.Option(help="The training dataset: a folder or an fsspec URL.", show_default=False)],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of `pagemill tokenizer`.", show_default=False)],
    variants: Annotated[int, typer.Option(help="Draws of covers and partners: one for each planned epoch.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 0,
    tia_rate: Annotated[float, typer.Option(help="Share of lines that are covered.")] = 0.15,
    tim_replace_rate: Annotated[float, typer.Option(help="Share of pictures that are another document's.")] = 0.15,
    tim_drop_rate: Annotated[float, typer.Option(help="Share of pictures that are dropped.")] = 0.05,
    picture_size: Annotated[int, typer.Option(help="Side of the stored square picture, in pixels.")] = 448,
    min_words: Annotated[int, typer.Option(help="Pages with fewer words are left out, and counted.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Workers; default: all CPUs.")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")] = None,
) -> None:
    """Turn page shards into training shards: tokens, line covers (TIA), partners (TIM) and pictures."""
    check_workers(workers)
    require_lasting("--out", out)
    if not tokenizer.is_file():
        raise ValueError(f"no such file: {str(tokenizer)!r}; make it with `pagemill tokenizer`")
    data = tokenizer.read_bytes()
    config = PrepareConfig(
        tokenizer=load_tokenizer(data).digest,
        seed=seed,
        variants=variants,
        tia_rate=tia_rate,
        tim_replace_rate=tim_replace_rate,
        tim_drop_rate=tim_drop_rate,
        picture_size=picture_size,
        min_words=min_words,
    )
    print(summary(run_prepare(Dataset(pages).require("pages"), out, data, config, workers, address), out))


if __name__ == "__main__":
    run_command(prepare)
