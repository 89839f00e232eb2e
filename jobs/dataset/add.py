"""The verb `add`: more inputs for a dataset of pages, with the options that it was made with."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cluster.ingest import ingest as run_ingest
from jobs.command import check_workers, require_lasting
from jobs.ingest import (
    Address,
    Inputs,
    InputsFrom,
    MaxRejected,
    PasswordFile,
    RetryRejected,
    Strict,
    Workers,
    make_job,
    report,
)
from pipeline.ingest import IngestConfig
from pipeline.shards.dataset import Dataset


def add(
    dataset: Annotated[str, typer.Argument(help="The dataset: a folder or an fsspec URL.", show_default=False)],
    inputs: Inputs = None,
    inputs_from: InputsFrom = None,
    password_file: PasswordFile = None,
    retry_rejected: RetryRejected = False,
    max_rejected: MaxRejected = None,
    workers: Workers = None,
    address: Address = None,
    strict: Strict = False,
) -> None:
    """Ingest more inputs into a dataset, as a generation of their own, with the options that it was made with."""
    check_workers(workers)
    require_lasting("DATASET", dataset)
    info = Dataset(dataset).info
    if info.content != "pages":
        raise ValueError(
            f"{dataset} is a dataset of {info.content}: `pagemill prepare` adds to it what its pages have more"
        )
    job = make_job(inputs, inputs_from, password_file, retry_rejected, max_rejected, workers, address)
    report(run_ingest(dataset, IngestConfig.from_stored(info.config), job), dataset, strict=strict)
