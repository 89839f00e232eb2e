"""`pagemill synth`: documents made by the project, with exact truth beside each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from jobs.command import run_command
from jobs.progress import JobProgress
from pipeline.synth import SynthFile, check_folder, make, plan, save


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
    specs = plan(count, seed)
    check_folder(out, specs)
    documents: Counter[tuple[str, str]] = Counter()
    pages: Counter[tuple[str, str]] = Counter()
    with JobProgress("synth", "documents", count) as progress:
        for done, spec in enumerate(specs, start=1):
            file = make(spec)
            save(out, file)
            _count(file, spec.variant, documents, pages)
            progress.update(done)
    _report("type", [(name, documents[kind, name], pages[kind, name]) for kind, name in documents if kind == "type"])
    _report("file", [(name, documents[kind, name], pages[kind, name]) for kind, name in documents if kind == "file"])
    typer.echo(f"{count} documents, {sum(n for (kind, _), n in pages.items() if kind == 'type')} pages in {out}")


def _count(file: SynthFile, variant: str, documents: Counter[tuple[str, str]], pages: Counter[tuple[str, str]]) -> None:
    for key in (("type", file.truth.document_type), ("file", variant)):
        documents[key] += 1
        pages[key] += len(file.truth.pages)


def _report(title: str, rows: Iterable[tuple[str, int, int]]) -> None:
    typer.echo(f"{title:<10} documents  pages")
    for name, documents, pages in sorted(rows):
        typer.echo(f"{name:<10} {documents:>9} {pages:>6}")


if __name__ == "__main__":
    run_command(synth)
