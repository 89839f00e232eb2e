"""The configuration of ingestion, as a dataset remembers it."""

from __future__ import annotations

import pytest

from pipeline.ingest import IngestConfig
from pipeline.pages import Limits
from pipeline.words import PdfText, RouteConfig
from schemas.base import digest


def test_it_is_stored_flat_and_as_plain_values() -> None:
    stored = IngestConfig(route=RouteConfig(pdf_text=PdfText.NEVER), limits=Limits(cpu_seconds=7)).stored()
    assert stored["route.pdf_text"] == "never"
    assert stored["limits.cpu_seconds"] == 7
    assert stored["ocr"] == "rapidocr"
    assert stored["pages_per_shard"] == 256
    assert all(isinstance(value, str | int | float) for value in stored.values())
    assert digest(stored) == digest(dict(reversed(stored.items())))


def test_every_change_can_be_named() -> None:
    plain = IngestConfig().stored()
    for other in (
        IngestConfig(picture_longest=999),
        IngestConfig(ocr_longest=999),
        IngestConfig(pages_per_shard=1),
        IngestConfig(route=RouteConfig(max_bad=0.1)),
        IngestConfig(limits=Limits(wall_seconds=1.0)),
    ):
        stored = other.stored()
        assert stored.keys() == plain.keys()
        assert sum(stored[name] != plain[name] for name in plain) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("picture_longest", 63),
        ("picture_longest", 8001),
        ("ocr_longest", 0),
        ("pages_per_shard", 0),
        ("pages_per_shard", 1 << 21),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be [0-9]+\.\.[0-9]+, got {value}"):
        IngestConfig(**{name: value})  # type: ignore[arg-type]
