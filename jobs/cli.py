"""pagemill: every command under one name."""

from __future__ import annotations

import os
from typing import NoReturn

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

from jobs.command import make_app, run_app
from jobs.ingest import ingest
from jobs.synth import synth

app = make_app()
app.command()(synth)
app.command()(ingest)


def main() -> NoReturn:
    """Entry point of the `pagemill` program."""
    run_app(app)


if __name__ == "__main__":
    main()
