"""What the bytes of a page dataset depend on beside its inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from pipeline.pages.base import Limits
from pipeline.pages.picture import JPEG_QUALITY
from pipeline.words.ocr import OcrName
from pipeline.words.route import PdfText, RouteConfig


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """Configuration of ingestion; a dataset refuses to go on with another one."""

    ocr: OcrName = OcrName.RAPIDOCR
    route: RouteConfig = field(default_factory=RouteConfig)
    limits: Limits = field(default_factory=Limits)
    picture_longest: int = 1000  # pixels of the stored picture's longest side
    ocr_longest: int = 2000  # pixels that OCR sees
    pages_per_shard: int = 256

    def __post_init__(self) -> None:
        for name, low, high in (
            ("picture_longest", 64, 8000),
            ("ocr_longest", 64, 8000),
            ("pages_per_shard", 1, 1 << 20),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low}..{high}, got {value}")

    def stored(self) -> dict[str, object]:
        """As it stands in dataset.json: flat, so that a changed field can be named."""
        flat: dict[str, object] = {"jpeg_quality": JPEG_QUALITY}
        for name, value in asdict(self).items():
            nested = value.items() if isinstance(value, dict) else [("", value)]
            flat.update({f"{name}.{inner}" if inner else name: _plain(item) for inner, item in nested})
        return flat


def _plain(value: object) -> object:
    return value.value if isinstance(value, OcrName | PdfText) else value
