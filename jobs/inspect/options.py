"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

DatasetUrl = Annotated[
    str, typer.Argument(metavar="DATASET", help="A dataset: a folder or an fsspec URL.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
