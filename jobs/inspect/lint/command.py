"""The verb `lint`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from jobs.command import FAILED
from jobs.inspect.lint.check import lint
from jobs.inspect.lint.findings import Finding
from jobs.inspect.options import AsJson, DatasetUrl
from jobs.inspect.output import plain, print_json
from jobs.progress import JobProgress
from pipeline.shards.dataset import Dataset

_SHOWN = 50


def lint_command(dataset: DatasetUrl, as_json: AsJson = False) -> None:
    """Check every promise of the format; exits with 1 if one does not hold."""
    found = _with_progress(dataset)
    if as_json:
        print_json({"dataset": dataset, "findings": [asdict(finding) for finding in found]})
    else:
        print_findings(found)
    if found:
        raise typer.Exit(FAILED)


def _with_progress(url: str) -> list[Finding]:
    with JobProgress("lint", "pages", _samples(url)) as progress:
        return lint(url, lambda done, total: progress.update(min(done, total)))


def _samples(url: str) -> int:
    try:
        return Dataset(url).info.totals.ok
    except (ValueError, OSError):
        return 0  # what is wrong is for lint to say


def print_findings(found: list[Finding]) -> None:
    """One line for each of the first findings, and how many there are."""
    for finding in found[:_SHOWN]:
        typer.echo(f"{finding.code:<18} {plain(finding.where)}: {plain(finding.what)}")
    if len(found) > _SHOWN:
        typer.echo(f"... and {len(found) - _SHOWN} more")
    typer.echo(f"{len(found)} finding(s)" if found else "no findings")
