"""The verb `merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.command import require_lasting
from jobs.dataset.merging import merge_datasets
from jobs.inspect.output import number
from jobs.progress import JobProgress
from pipeline.shards.dataset import Dataset


def merge(
    datasets: Annotated[
        list[str],
        typer.Argument(metavar="DATASET...", help="Datasets of pages: folders or fsspec URLs.", show_default=False),
    ],
    out: Annotated[str, typer.Option(help="The new dataset: a folder or an fsspec URL.", show_default=False)],
) -> None:
    """Make one dataset of pages of several: their generations one after another, no document twice.

    A document that an earlier dataset holds is left out of the later ones. The same command again goes on where it
    stopped; with more datasets behind the same first ones it adds theirs.
    """
    require_lasting("--out", out)
    if len(datasets) < 2:
        raise ValueError(f"merge needs two datasets or more, got {len(datasets)}")
    shards = sum(generation.shards for url in datasets for generation in Dataset(url).info.generations)
    with JobProgress("merge", "shards", shards) as progress:
        info = merge_datasets(datasets, out, lambda done, _: progress.update(done))
    totals = info.totals
    print(
        f"{out}: {number(totals.ok)} pages, {number(totals.words)} words, {number(totals.rejected)} rejected,"
        f" {number(totals.duplicate)} duplicate\n"
        f"  digest {info.digest[:16]}, {len(info.generations)} generation(s)"
    )
