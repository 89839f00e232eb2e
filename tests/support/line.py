"""Runs of the line that several tests on Ray compare."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from jobs.cluster.ingest import IngestJob, ingest
from pipeline.ingest import IngestConfig
from pipeline.words import PdfText, RouteConfig
from pipeline.words.ocr import OcrOptions
from pipeline.words.ocr.choice import model_digests, models_digest

MODELS = models_digest(model_digests(OcrOptions()))  # which every command writes into the configuration
# As the command makes it of the options below.
CONFIG = IngestConfig(
    route=RouteConfig(pdf_text=PdfText.ALWAYS),
    pages_per_shard=4,
    picture_longest=300,
    ocr_models=MODELS,
)
OPTIONS = ("--pdf-text", "always", "--pages-per-shard", 4, "--picture-longest", 300, "--workers", 2)


def files_of(folder: str | Path) -> dict[str, tuple[str, int]]:
    """Hash and modification time of everything."""
    root = Path(folder)
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def hashes_of(folder: str | Path, *, without: str = "") -> dict[str, str]:
    """Hash of everything but `without`."""
    return {name: value for name, (value, _) in files_of(folder).items() if name != without}


def lock(path: Path) -> Path:
    """A PDF at `path` that opens with the password "secret"."""
    canvas = Canvas(str(path), encrypt="secret")
    canvas.drawString(72, 700, "nobody reads this")
    canvas.save()
    return path


def ingested(inputs: Path, out: Path) -> Path:
    """The page dataset at `out`, with what is new among the inputs."""
    ingest(str(out), CONFIG, IngestJob(inputs=[str(inputs)], workers=2))
    return out
