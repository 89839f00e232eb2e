"""Which engine, on which device, with which models; and whether they are there, without loading any of them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.words.ocr.alphabet import Alphabet
from schemas.base import digest, sha256_hex

_NETWORKS = ("det", "rec")  # detection and recognition, as folders of PaddleOCR's models
_TESSDATA = (
    "/usr/share/tesseract-ocr/5/tessdata",  # Debian and Ubuntu
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
)
_LIBRARY = "libtesseract.so.5"
_LANGUAGE = "eng"  # of Tesseract, where no folder is named


class OcrName(StrEnum):
    """Engines that are there."""

    RAPIDOCR = "rapidocr"
    PADDLEOCR = "paddleocr"
    TESSERACT = "tesseract"


class OcrDevice(StrEnum):
    """Where an engine computes."""

    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, kw_only=True)
class OcrOptions:
    """An engine as it is asked for.

    `models` is a folder that takes the place of the models that the engine finds by itself: for PaddleOCR with the
    folders det and rec, each with inference.onnx and inference.yml; for Tesseract with *.traineddata.
    """

    name: OcrName = OcrName.RAPIDOCR
    alphabet: Alphabet = Alphabet.LATIN  # characters that RapidOCR may read; the others read what their models know
    device: OcrDevice = OcrDevice.CPU
    models: Path | None = None

    def __post_init__(self) -> None:
        if self.models is not None and self.name is OcrName.RAPIDOCR:
            raise ValueError(f"--ocr-models {self.models}: rapidocr reads the models of its own package only")
        if self.device is OcrDevice.CUDA and self.name is not OcrName.PADDLEOCR:
            raise ValueError(f"--ocr-device cuda: {self.name.value} computes on the CPU only; paddleocr can use a GPU")

    def settings(self) -> dict[str, Any]:
        """For the child, as JSON."""
        folder = str(self.models) if self.models is not None else None
        return {"name": self.name.value, "alphabet": self.alphabet.value, "device": self.device.value, "models": folder}

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> OcrOptions:
        """From what `settings` made."""
        folder = settings["models"]
        return cls(
            name=OcrName(settings["name"]),
            alphabet=Alphabet(settings["alphabet"]),
            device=OcrDevice(settings["device"]),
            models=Path(folder) if folder is not None else None,
        )


def model_files(options: OcrOptions) -> dict[str, Path]:
    """Files that the engine will read, by the name that they have in records. ValueError where one is missing."""
    if options.name is OcrName.TESSERACT:
        return _language_files(options.models)
    if options.models is None:
        return _wheel_files()
    files = {
        f"{network}/{name}": options.models / network / name
        for network in _NETWORKS
        for name in ("inference.onnx", "inference.yml")
    }
    for path in files.values():
        if not path.is_file():
            raise ValueError(f"--ocr-models {options.models}: {path} is missing")
    return files


def model_digests(options: OcrOptions) -> dict[str, str]:
    """SHA-256 of each of the model files."""
    return {name: sha256_hex(path.read_bytes()) for name, path in model_files(options).items()}


def models_digest(models: Mapping[str, str]) -> str:
    """One digest of all models' digests: what a dataset's configuration says of them."""
    return digest(dict(models))


def require_engine(options: OcrOptions) -> None:
    """ValueError where a library that the system brings, and no package, is missing."""
    if options.name is OcrName.TESSERACT:
        load_library()


def require_device(device: OcrDevice) -> None:
    """ValueError for a device that the installed ONNX Runtime cannot use."""
    if device is OcrDevice.CPU:
        return
    import onnxruntime  # noqa: PLC0415 - half a second that only this device costs

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ValueError(
            "--ocr-device cuda: the installed onnxruntime has no CUDA provider; install onnxruntime-gpu in its place"
        )


def load_library() -> ctypes.CDLL:
    """Tesseract's library; ValueError where it is not installed."""
    try:
        return ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise ValueError(
            f"--ocr tesseract: {_LIBRARY} cannot be loaded ({error}); install Tesseract 5"
            " (apt-get install tesseract-ocr)"
        ) from None


def _wheel_files() -> dict[str, Path]:
    """The networks in RapidOCR's wheel; the package is looked up without being imported."""
    found = find_spec("rapidocr")
    folder = Path(found.origin).parent / "models" if found is not None and found.origin else Path("rapidocr")
    files = {path.name: path for path in sorted(folder.glob("PP-OCR*.onnx"))}
    if len(files) != len(_NETWORKS):
        raise ValueError(f"{folder} has {len(files)} models of PP-OCR instead of two: install rapidocr again")
    return files


def _language_files(folder: Path | None) -> dict[str, Path]:
    """All languages of a folder that was named; English where Tesseract was installed."""
    if folder is not None:
        files = {path.name: path for path in sorted(folder.glob("*.traineddata")) if path.stem != "osd"}
        if not files:
            raise ValueError(f"--ocr-models {folder}: no file *.traineddata in there")
        return files
    for place in _TESSDATA:
        path = Path(place) / f"{_LANGUAGE}.traineddata"
        if path.is_file():
            return {path.name: path}
    raise ValueError(
        f"--ocr tesseract: {_LANGUAGE}.traineddata was not found; install Tesseract 5 (apt-get install tesseract-ocr)"
        " or name a folder of language data with --ocr-models"
    )
