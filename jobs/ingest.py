"""pagemill ingest: documents to page shards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jobs.cluster.ingest import IngestJob
from jobs.cluster.ingest import ingest as run_ingest
from jobs.command import FAILED, check_workers, require_lasting, run_command
from pipeline.ingest import IngestConfig
from pipeline.pages import PdfEngine
from pipeline.words import PdfText, RouteConfig
from pipeline.words.ocr import Alphabet, OcrDevice, OcrName
from pipeline.words.ocr.choice import model_digests, models_digest, require_device, require_engine
from schemas.dataset import Counts, DatasetInfo

Inputs = Annotated[
    list[str] | None, typer.Argument(help="Files, folders, globs, tars or fsspec URLs.", show_default=False)
]
InputsFrom = Annotated[
    list[str] | None, typer.Option(help="Text file that names one input a line.", show_default=False)
]
PasswordFile = Annotated[
    Path | None, typer.Option(help="Text file of passwords for encrypted PDFs, one a line.", show_default=False)
]
RetryRejected = Annotated[
    bool, typer.Option("--retry-rejected", help="Try rejected pages again, as a new generation, and no others.")
]
MaxRejected = Annotated[
    float | None, typer.Option(help="Stop when more than this share (0..1) is rejected.", show_default=False)
]
Workers = Annotated[int | None, typer.Option(help="Workers; default: all CPUs.")]
Address = Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")]
OcrModels = Annotated[
    Path | None,
    typer.Option(
        help="Folder of models, on every node: det and rec with inference.onnx and inference.yml (paddleocr), or"
        " *.traineddata (tesseract). Default: those that come with the engine.",
        show_default=False,
    ),
]
GpuShare = Annotated[
    float | None,
    typer.Option(
        help="GPUs of one worker, with --ocr-device cuda; 0.25: four share one. Default: 1.", show_default=False
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if any page was rejected.")]


def ingest(
    inputs: Inputs = None,
    *,
    out: Annotated[str, typer.Option(help="The dataset: a folder or an fsspec URL.", show_default=False)],
    inputs_from: InputsFrom = None,
    ocr: Annotated[OcrName, typer.Option(help="OCR engine; tesseract must be installed.")] = OcrName.RAPIDOCR,
    ocr_alphabet: Annotated[
        Alphabet | None, typer.Option(help="Characters that rapidocr may read. Default: latin.", show_default=False)
    ] = None,
    ocr_models: OcrModels = None,
    ocr_device: Annotated[OcrDevice, typer.Option(help="cuda: paddleocr with onnxruntime-gpu.")] = OcrDevice.CPU,
    gpu_share: GpuShare = None,
    pdf_text: Annotated[PdfText, typer.Option(help="Whether text layers of PDFs are used.")] = PdfText.AUTO,
    pdf_engine: Annotated[
        PdfEngine, typer.Option(help="Who reads text layers; pdfplumber is several times slower.")
    ] = PdfEngine.PDFIUM,
    password_file: PasswordFile = None,
    pages_per_shard: Annotated[
        int | None, typer.Option(help="Pages of a shard, the unit of work; default: 4 to 256, by the number of pages.")
    ] = None,
    picture_longest: Annotated[int, typer.Option(help="Longest side of the stored picture, in pixels.")] = 1000,
    retry_rejected: RetryRejected = False,
    max_rejected: MaxRejected = None,
    workers: Workers = None,
    address: Address = None,
    strict: Strict = False,
) -> None:
    """Turn documents into page shards: words, boxes, reading order and pictures.

    The same command again continues where it stopped; more inputs add a generation.
    """
    check_workers(workers)
    require_lasting("--out", out)
    if ocr_alphabet is not None and ocr is not OcrName.RAPIDOCR:
        raise ValueError(f"--ocr-alphabet is for rapidocr, and --ocr is {ocr.value}")
    config = IngestConfig(
        pdf_engine=pdf_engine,
        ocr=ocr,
        ocr_alphabet=ocr_alphabet or Alphabet.LATIN,
        ocr_device=ocr_device,
        route=RouteConfig(pdf_text=pdf_text),
        pages_per_shard=pages_per_shard,
        picture_longest=picture_longest,
    )
    job = make_job(inputs, inputs_from, password_file, retry_rejected, max_rejected, workers, address)
    job, models = with_ocr(job, config, ocr_models, gpu_share)
    report(run_ingest(out, replace(config, ocr_models=models), job), out, strict=strict)


def make_job(
    inputs: list[str] | None,
    inputs_from: list[str] | None,
    password_file: Path | None,
    retry_rejected: bool,
    max_rejected: float | None,
    workers: int | None,
    address: str | None,
) -> IngestJob:
    """What the options that `ingest` and `dataset add` share ask for."""
    return IngestJob(
        inputs=inputs or (),
        lists=inputs_from or (),
        passwords=read_passwords(password_file),
        retry_rejected=retry_rejected,
        max_rejected=max_rejected,
        workers=workers,
        address=address,
    )


def with_ocr(
    job: IngestJob, config: IngestConfig, folder: Path | None, gpu_share: float | None
) -> tuple[IngestJob, str]:
    """The job with its OCR models and share of a GPU, and the models' digest.

    ValueError where the engine, its models or its device are not there: before any work, and of no page's fault.
    """
    if gpu_share is not None and not 0 < gpu_share <= 1:
        raise ValueError(f"--gpu-share must be above 0 and at most 1, got {gpu_share}")
    if gpu_share is not None and config.ocr_device is not OcrDevice.CUDA:
        raise ValueError(f"--gpu-share is for --ocr-device cuda, and that is {config.ocr_device.value}")
    folder = folder.absolute() if folder is not None else None
    options = config.ocr_options(folder)
    require_device(options.device)
    require_engine(options)
    share = (gpu_share or 1.0) if options.device is OcrDevice.CUDA else 0.0
    return replace(job, ocr_models=folder, gpu_share=share), models_digest(model_digests(options))


def report(info: DatasetInfo, out: str, *, strict: bool) -> None:
    """Say what the dataset holds; exit with 1 if it is `strict` and something was rejected."""
    print(summary(info, out))
    if strict and info.totals.rejected:
        raise typer.Exit(FAILED)


def read_passwords(path: Path | None) -> tuple[str, ...]:
    """Lines of a file of passwords, empty ones left out; ValueError where it cannot be read."""
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--password-file {str(path)!r} cannot be read: {error}") from None
    return tuple(line for line in lines if line)


def summary(info: DatasetInfo, out: str) -> str:
    """What a dataset holds, in a few lines."""
    lines = [f"{out}: {_counts(info.totals)}", f"  digest {info.digest[:16]}, {len(info.generations)} generation(s)"]
    if info.totals.routes:
        lines.append("  pages by route: " + ", ".join(f"{k} {v}" for k, v in sorted(info.totals.routes.items())))
    if info.totals.reasons:
        lines.append("  not used: " + ", ".join(f"{k} {v}" for k, v in sorted(info.totals.reasons.items())))
    return "\n".join(lines)


def _counts(counts: Counts) -> str:
    return f"{counts.ok} pages, {counts.words} words, {counts.rejected} rejected, {counts.duplicate} duplicate"


if __name__ == "__main__":
    run_command(ingest)
