"""pagemill inspect: look into a dataset, on this machine or behind a URL, without unpacking it."""

from __future__ import annotations

import typer

from jobs.command import make_app
from jobs.inspect.errors import errors
from jobs.inspect.html import html
from jobs.inspect.lint.command import lint_command
from jobs.inspect.listing import ls
from jobs.inspect.replay import replay
from jobs.inspect.show import show
from jobs.inspect.stats import stats

app: typer.Typer = make_app()
app.command("stats")(stats)
app.command("ls")(ls)
app.command("show")(show)
app.command("lint")(lint_command)
app.command("errors")(errors)
app.command("replay")(replay)
app.command("html")(html)


@app.callback()
def inspect() -> None:
    """Look into a dataset, on this machine or behind a URL, without unpacking it."""
