"""`pagemill synth`: documents made by the project, with exact truth beside each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.command import require_local, run_command
from jobs.progress import JobProgress
from pipeline.synth import check_folder, make, plan, save


def synth(
    out: Annotated[Path, typer.Option(help="Folder for the documents: new, empty, or of this same command.")],
    count: Annotated[int, typer.Option(help="How many documents.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Make documents with known words, boxes, reading order and form entities.

    Letters, invoices, forms, papers in columns, tables, sidebars and reports: as PDFs with a text layer, and as scans
    (JPEG, PNG, bilevel TIFF, PDFs with no text layer, a hidden one or a wrong one). Beside each document lies what it
    really says, as `<file name>.truth.json`.
    """
    if count < 1:
        raise ValueError(f"--count must be 1 or more, got {count}")
    require_local("--out", out)
    specs = plan(count, seed)
    check_folder(out, specs)
    made: list[tuple[str, str, int]] = []
    with JobProgress("synth", "documents", count) as progress:
        for done, spec in enumerate(specs, start=1):
            file = make(spec)
            save(out, file)
            made.append((spec.document_type, spec.variant, len(file.truth.pages)))
            progress.update(done)
    _report("type", [(document_type, pages) for document_type, _, pages in made])
    _report("variant", [(variant, pages) for _, variant, pages in made])
    typer.echo(f"{count} documents, {sum(pages for _, _, pages in made)} pages in {out}")


def _report(title: str, made: list[tuple[str, int]]) -> None:
    """Print how many documents and pages there are of each name."""
    typer.echo(f"{title:<10} documents  pages")
    for name in sorted({name for name, _ in made}):
        counts = [pages for other, pages in made if other == name]
        typer.echo(f"{name:<10} {len(counts):>9} {sum(counts):>6}")


if __name__ == "__main__":
    run_command(synth)
