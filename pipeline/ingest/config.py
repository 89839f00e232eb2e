"""What the bytes of a page dataset depend on beside its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.pages.base import Limits, PdfEngine
from pipeline.pages.picture import JPEG_QUALITY
from pipeline.shards.hashes import SIGNATURES
from pipeline.words.ocr import Alphabet, OcrDevice, OcrName, OcrOptions
from pipeline.words.route import PdfText, RouteConfig

_LEAST, _MOST = 4, 256  # pages of a shard
_FIXED = {"jpeg_quality": JPEG_QUALITY, "signatures": SIGNATURES}  # no options, but the bytes depend on them
_UNITS = 128  # that a middling input is cut into: the last one is waited for, and may be all OCR


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """Configuration of ingestion; a dataset refuses to go on with another one."""

    pdf_engine: PdfEngine = PdfEngine.PDFIUM  # who reads text layers
    ocr: OcrName = OcrName.RAPIDOCR
    ocr_alphabet: Alphabet = Alphabet.LATIN  # characters that OCR may read
    ocr_device: OcrDevice = OcrDevice.CPU
    ocr_models: str | None = None  # digest of the models that OCR must have; None: any
    route: RouteConfig = field(default_factory=RouteConfig)
    limits: Limits = field(default_factory=Limits)
    picture_longest: int = 1000  # pixels of the stored picture's longest side
    ocr_longest: int = 2000  # pixels that OCR sees
    pages_per_shard: int | None = None  # None: by the number of pages, so that a small input, too, uses every core

    def __post_init__(self) -> None:
        for name, low, high in (
            ("picture_longest", 64, 8000),
            ("ocr_longest", 64, 8000),
            ("pages_per_shard", 1, 1 << 20),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name} must be {low}..{high}, got {value}")

    def ocr_options(self, models: Path | None = None) -> OcrOptions:
        """The engine, which reads its models in the folder `models` where one is named."""
        return OcrOptions(name=self.ocr, alphabet=self.ocr_alphabet, device=self.ocr_device, models=models)

    def unit_rows(self, pages: int) -> int:
        """Pages of a shard, which is a unit of work, where a generation has `pages` in all."""
        return self.pages_per_shard or min(_MOST, max(_LEAST, pages // _UNITS))

    def stored(self) -> dict[str, object]:
        """As it stands in dataset.json: flat, so that a changed field can be named."""
        flat: dict[str, object] = dict(_FIXED)
        for name, value in asdict(self).items():
            nested = value.items() if isinstance(value, dict) else [("", value)]
            flat.update({f"{name}.{inner}" if inner else name: _plain(item) for inner, item in nested})
        return flat

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> IngestConfig:
        """The configuration in a dataset.json; ValueError where it is none, or one of another version."""
        values: dict[str, Any] = {"route": {}, "limits": {}}
        try:
            for name, value in stored.items():
                group, _, inner = name.rpartition(".")
                (values.setdefault(group, {}) if group else values)[inner] = value
            fixed = {name: values.pop(name, None) for name in _FIXED}
            values["pdf_engine"] = PdfEngine(values["pdf_engine"])
            values["ocr"] = OcrName(values["ocr"])
            values["ocr_alphabet"] = Alphabet(values["ocr_alphabet"])
            values["ocr_device"] = OcrDevice(values["ocr_device"])
            values["route"] = RouteConfig(**values["route"] | {"pdf_text": PdfText(values["route"]["pdf_text"])})
            config = cls(**values | {"limits": Limits(**values["limits"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a configuration of ingestion: {error}") from None
        for name, value in _FIXED.items():
            if fixed[name] != value:
                raise ValueError(f"{name} was {fixed[name]!r} and is {value}")
        return config


def _plain(value: object) -> object:
    return value.value if isinstance(value, StrEnum) else value
