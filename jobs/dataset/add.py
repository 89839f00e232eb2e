"""The verb `add`: more inputs for a dataset of pages, with the options that it was made with."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cluster.ingest import ingest as run_ingest
from jobs.command import check_workers, require_lasting
from jobs.ingest import (
    Address,
    GpuShare,
    Inputs,
    InputsFrom,
    MaxRejected,
    OcrModels,
    PasswordFile,
    RetryRejected,
    Strict,
    Workers,
    make_job,
    report,
    with_ocr,
)
from pipeline.ingest import IngestConfig
from pipeline.shards.dataset import Dataset


def add(
    dataset: Annotated[str, typer.Argument(help="The dataset: a folder or an fsspec URL.", show_default=False)],
    inputs: Inputs = None,
    inputs_from: InputsFrom = None,
    password_file: PasswordFile = None,
    ocr_models: OcrModels = None,
    gpu_share: GpuShare = None,
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
    config = IngestConfig.from_stored(info.config)
    job, models = with_ocr(job, config, ocr_models, gpu_share)
    if config.ocr_models not in (None, models):
        raise ValueError(f"{dataset} was made with other models of {config.ocr.value}: name them with --ocr-models")
    report(run_ingest(dataset, config, job), dataset, strict=strict)
