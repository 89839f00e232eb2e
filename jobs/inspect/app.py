"""pagemill inspect: every verb under one name."""

from __future__ import annotations

from jobs.lazy import Lazy, lazy_app

VERBS = {
    "stats": Lazy(
        "jobs.inspect.stats",
        "stats",
        "Totals by status, route and reason, and how words, lines, pictures and confidence are distributed.",
    ),
    "ls": Lazy(
        "jobs.inspect.listing", "ls", "List pages and what became of them: key, status or route, words, shard, file."
    ),
    "show": Lazy(
        "jobs.inspect.show", "show", "Show one page: its words by line, where it comes from; or one training sample."
    ),
    "lint": Lazy(
        "jobs.inspect.lint.command",
        "lint_command",
        "Check every promise of the format; exits with 1 if one does not hold.",
    ),
    "errors": Lazy("jobs.inspect.errors", "errors", "Rejected and duplicate rows, grouped by reason, with examples."),
    "replay": Lazy("jobs.inspect.replay", "replay", "Print the positions and keys that a rank reads at a step."),
    "html": Lazy(
        "jobs.inspect.html",
        "html",
        "Write a report with sampled pages: one HTML file that loads nothing from anywhere.",
    ),
}

app = lazy_app(VERBS)


@app.callback()
def inspect() -> None:
    """Look into a dataset, on this machine or behind a URL, without unpacking it."""
