"""The verb `html`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.command import require_local
from jobs.inspect.html.report import gather, render
from jobs.inspect.options import DatasetUrl
from jobs.inspect.output import megabytes
from jobs.progress import JobProgress
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import write_atomic


def html(
    dataset: DatasetUrl,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    samples: Annotated[int, typer.Option(help="Pages to show, spread evenly over the dataset.")] = 24,
) -> None:
    """Write a report with sampled pages: one HTML file that loads nothing from anywhere."""
    if samples < 0:
        raise ValueError(f"--samples must not be negative, got {samples}")
    require_local("--out", out, "file")
    path = out.absolute()
    if not path.parent.is_dir():
        raise ValueError(f"--out: there is no folder {str(path.parent)!r}")
    opened = Dataset(dataset)
    with JobProgress("html", "pages", min(samples, opened.info.totals.ok)) as progress:
        data = render(gather(opened, samples, progress.update)).encode()
    write_atomic(path, data)
    typer.echo(f"{out}: {megabytes(len(data))}")
