"""The verb `discard`: what a run has begun and nobody wants to finish."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.command import require_lasting
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.generation import GenerationFiles, next_generation

_NOTHING = "nothing is under way"


def discard(
    dataset: Annotated[str, typer.Argument(help="The dataset: a folder or an fsspec URL.", show_default=False)],
) -> None:
    """Drop a generation that was begun and is not finished; finished ones stay as they are.

    For inputs that were a mistake, or that cannot be reached any more: else the next run would go on with them.
    """
    require_lasting("DATASET", dataset)
    store = Dataset(dataset).store
    with alone(store):
        files = GenerationFiles(store, next_generation(Dataset(dataset).info))
        units = files.discard()
    dropped = f"{files.name} is dropped, {units} unit(s) of it were done"
    print(f"{dataset}: {_NOTHING if units is None else dropped}")
