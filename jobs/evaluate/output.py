"""What both verbs print, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from jobs.command import FAILED
from jobs.evaluate.pages import Account
from jobs.inspect.output import console, print_json
from pipeline.scores import MatchCounts

_WIDE = 200  # characters: as wide as a table is, also where no terminal says how wide it may be; no number is cut off


def report(account: Account, table: Table, found: dict[str, Any], *, as_json: bool) -> None:
    """Print what was `found` and the account, as JSON or as a table; exit with 1 where some truth cannot be read."""
    if as_json:
        print_json({**account.to_dict(), **found})
    else:
        console(_WIDE).print(table)
        for line in account.lines():
            typer.echo(line)
    if account.bad:
        raise typer.Exit(FAILED)


def counts_json(counts: MatchCounts) -> dict[str, Any]:
    """Counts and what they come to."""
    return {
        "matched": counts.matched,
        "predicted": counts.predicted,
        "truth": counts.truth,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def table_of(titles: Sequence[str]) -> Table:
    """An empty table whose first column is text and the others numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for at, title in enumerate(titles):
        table.add_column(title, justify="right" if at else "left", no_wrap=True)
    return table
