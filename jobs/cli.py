"""pagemill: every command under one name, in the order of the data."""

from __future__ import annotations

from typing import NoReturn

from jobs.command import make_app, run_app
from jobs.demo import demo
from jobs.export import export
from jobs.ingest import ingest
from jobs.inspect.app import app as inspect_app
from jobs.prepare import prepare
from jobs.pretrain import pretrain
from jobs.synth import synth
from jobs.tokenizer import tokenizer

app = make_app()
for command in (synth, ingest, tokenizer, prepare, pretrain, export, demo):
    app.command()(command)
app.add_typer(inspect_app, name="inspect")


@app.callback()
def pagemill() -> None:
    """From raw scans and PDFs to a LayoutLMv2 that learns."""


def main() -> NoReturn:
    """Entry point of the `pagemill` program."""
    run_app(app)


if __name__ == "__main__":
    main()
