"""pagemill relayout: lines and reading order of a dataset of pages made again, as a new dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cluster.relayout import relayout as run_relayout
from jobs.command import check_workers, require_lasting, run_command
from jobs.ingest import summary
from pipeline.shards.dataset import Dataset


def relayout(
    pages: Annotated[str, typer.Argument(help="A dataset of pages.", show_default=False)],
    out: Annotated[str, typer.Option(help="The new dataset: a folder or an fsspec URL.", show_default=False)],
    workers: Annotated[int | None, typer.Option(help="Workers; default: all CPUs.")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")] = None,
) -> None:
    """Make lines and reading order of a dataset of pages again, as a new dataset, without OCR.

    Words, pictures and provenance are copied, the pictures byte for byte. The same command again continues where it
    stopped; generations that PAGES has got since are added.
    """
    check_workers(workers)
    require_lasting("--out", out)
    print(summary(run_relayout(Dataset(pages).require("pages"), out, workers, address), out))


if __name__ == "__main__":
    run_command(relayout)
