"""Synthetic documents as files: each beside its truth, each written whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.shards.files import write_atomic
from pipeline.synth.make import SynthFile, make
from pipeline.synth.plan import Spec, plan
from schemas.truth import TRUTH_SUFFIX, DocumentTruth


def check_folder(folder: Path, specs: Sequence[Spec]) -> None:
    """Make `folder` if it is absent; ValueError if it holds anything but documents of `specs` and of their seed.

    So the same command may run again over what it, or its interrupted first run, has left.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, expected a folder for the documents")
    folder.mkdir(parents=True, exist_ok=True)
    documents = {spec.name: spec.seed for spec in specs}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") and path.name.endswith(".tmp"):
            continue  # a write that was cut off
        seed = documents.get(path.name.removesuffix(TRUTH_SUFFIX))
        if seed is None or (path.name.endswith(TRUTH_SUFFIX) and _seed_of(path) != seed):
            raise ValueError(f"{folder} holds {path.name}, which is not of this command; give an empty folder")


def _seed_of(path: Path) -> int | None:
    try:
        return DocumentTruth.from_json(path.read_bytes()).seed
    except ValueError:
        return None


def save(folder: Path, file: SynthFile) -> Path:
    """Write the truth and then the document, so that none lies there without its truth; the document's path."""
    path = folder / file.name
    write_atomic(path.with_name(file.name + TRUTH_SUFFIX), file.truth.to_json())
    write_atomic(path, file.data)
    return path


def write(folder: Path, count: int, seed: int) -> list[Path]:
    """Write the documents of `plan(count, seed)`; their paths. ValueError if something else lies in `folder`."""
    specs = plan(count, seed)
    check_folder(folder, specs)
    return [save(folder, make(spec)) for spec in specs]
