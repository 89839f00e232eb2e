"""pagemill: every command under one name, in the order of the data."""

from __future__ import annotations

from typing import NoReturn

from jobs.command import run_app
from jobs.lazy import Lazy, lazy_app

COMMANDS = {
    "synth": Lazy("jobs.synth", "synth", "Make documents with known words, boxes, reading order and form entities."),
    "ingest": Lazy(
        "jobs.ingest", "ingest", "Turn documents into page shards: words, boxes, reading order and pictures."
    ),
    "relayout": Lazy(
        "jobs.relayout",
        "relayout",
        "Make lines and reading order of a dataset of pages again, as a new dataset, without OCR.",
    ),
    "dataset": Lazy(
        "jobs.dataset.app",
        "app",
        "Add to a dataset, prove that it is whole, make one of several, or drop what was begun.",
    ),
    "evaluate": Lazy(
        "jobs.evaluate.app", "app", "Score a dataset of pages against truth: words, lines, reading order."
    ),
    "tokenizer": Lazy(
        "jobs.tokenizer", "tokenizer", "Make the tokenizer: WordPiece with BERT's uncased normalisation."
    ),
    "prepare": Lazy(
        "jobs.prepare",
        "prepare",
        "Turn page shards into training shards: tokens, line covers (TIA), partners (TIM) and pictures.",
    ),
    "pretrain": Lazy(
        "jobs.pretrain",
        "pretrain",
        "Pre-train LayoutLMv2. The same command again goes on from the newest checkpoint.",
    ),
    "export": Lazy(
        "jobs.export", "export", "Write the newest checkpoint that verifies, its configuration and its tokenizer."
    ),
    "inspect": Lazy(
        "jobs.inspect.app", "app", "Look into a dataset, on this machine or behind a URL, without unpacking it."
    ),
    "demo": Lazy(
        "jobs.demo",
        "demo",
        "Documents to a LayoutLMv2 that learns: every command in its turn, on a Ray in this process.",
    ),
}

app = lazy_app(COMMANDS)


@app.callback()
def pagemill() -> None:
    """From raw scans and PDFs to a LayoutLMv2 that learns."""


def main() -> NoReturn:
    """Entry point of the `pagemill` program."""
    run_app(app)


if __name__ == "__main__":
    main()
