"""pagemill dataset: every verb under one name."""

from __future__ import annotations

from jobs.lazy import Lazy, lazy_app

VERBS = {
    "add": Lazy(
        "jobs.dataset.add",
        "add",
        "Ingest more inputs into a dataset, as a generation of their own, with the options that it was made with.",
    ),
    "verify": Lazy(
        "jobs.dataset.verify",
        "verify",
        "Check that every file of a dataset is there with the bytes that were recorded; exits with 1 if not.",
    ),
    "merge": Lazy(
        "jobs.dataset.merge",
        "merge",
        "Make one dataset of pages of several: their generations one after another, no document twice.",
    ),
    "discard": Lazy(
        "jobs.dataset.discard",
        "discard",
        "Drop a generation that was begun and is not finished; finished ones stay as they are.",
    ),
}

app = lazy_app(VERBS)


@app.callback()
def dataset() -> None:
    """Add to a dataset, prove that it is whole, make one of several, or drop what was begun."""
