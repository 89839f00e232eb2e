"""The verb `verify`."""

from __future__ import annotations

import threading
from dataclasses import asdict

import typer

from jobs.command import FAILED
from jobs.dataset.whole import Check, Report
from jobs.inspect.lint.command import print_findings
from jobs.inspect.options import AsJson, DatasetUrl
from jobs.inspect.output import megabytes, number, print_json, print_note
from jobs.progress import JobProgress


def verify(dataset: DatasetUrl, as_json: AsJson = False) -> None:
    """Check that every file of a dataset is there with the bytes that were recorded; exits with 1 if not.

    Reads every file once and no record in it: `inspect lint` looks at those, too, and takes many times as long.
    """
    check = Check(dataset)
    reports = _with_progress(check, quiet=as_json)
    found = check.found()
    if as_json:
        generations = [asdict(report) | {"findings": len(report.findings)} for report in reports]
        print_json(
            {
                "dataset": dataset,
                "generations": generations,
                "unfinished": check.unfinished(),
                "findings": [asdict(one) for one in found],
            }
        )
    else:
        print_findings(found)
        print_note(check.unfinished())
    if found:
        raise typer.Exit(FAILED)


def _with_progress(check: Check, *, quiet: bool) -> list[Report]:
    done = 0
    lock = threading.Lock()
    reports = []
    with JobProgress("verify", "MB", check.bytes // 1_000_000) as progress:

        def on_bytes(count: int) -> None:
            nonlocal done
            with lock:
                done += count
                progress.update(done // 1_000_000)

        for report in check.generations(on_bytes):
            reports.append(report)
            if not quiet:
                typer.echo(line(report))
    return reports


def line(report: Report) -> str:
    """What was read of a generation, how fast, and whether it is whole."""
    rate = report.bytes / max(report.seconds, 1e-9)
    faults = f"{len(report.findings)} finding(s)" if report.findings else "whole"
    return (
        f"{report.name}: {number(report.units)} units, {number(report.files)} files, {megabytes(report.bytes)} in"
        f" {report.seconds:.1f} s, {megabytes(int(rate))}/s: {faults}"
    )
