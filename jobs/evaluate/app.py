"""pagemill evaluate: every verb under one name."""

from __future__ import annotations

from jobs.lazy import Lazy, lazy_app

VERBS = {
    "words": Lazy(
        "jobs.evaluate.words",
        "words",
        "Score the words and lines of a dataset of pages against the truth of its pages.",
    ),
    "order": Lazy(
        "jobs.evaluate.order", "order", "Score the reading order of a dataset of pages, beside simpler algorithms."
    ),
}

app = lazy_app(VERBS)


@app.callback()
def evaluate() -> None:
    """Score a dataset of pages against truth: words, lines, reading order."""
