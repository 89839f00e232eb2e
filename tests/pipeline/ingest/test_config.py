"""The configuration of ingestion, as a dataset remembers it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest import IngestConfig
from pipeline.pages import Limits, PdfEngine
from pipeline.words import PdfText, RouteConfig
from pipeline.words.ocr import Alphabet, OcrDevice, OcrName
from schemas.base import digest


def test_it_is_stored_flat_and_as_plain_values() -> None:
    stored = IngestConfig(route=RouteConfig(pdf_text=PdfText.NEVER), limits=Limits(cpu_seconds=7)).stored()
    assert stored["route.pdf_text"] == "never"
    assert stored["limits.cpu_seconds"] == 7
    assert stored["ocr"] == "rapidocr"
    assert stored["pdf_engine"] == "pdfium"
    assert stored["pages_per_shard"] is None
    assert all(isinstance(value, str | int | float | None) for value in stored.values())
    assert digest(stored) == digest(dict(reversed(stored.items())))


def test_every_change_can_be_named() -> None:
    plain = IngestConfig().stored()
    for other in (
        IngestConfig(picture_longest=999),
        IngestConfig(pdf_engine=PdfEngine.PDFPLUMBER),
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


CONFIGS = st.builds(
    IngestConfig,
    pdf_engine=st.sampled_from(PdfEngine),
    ocr=st.sampled_from(OcrName),
    ocr_alphabet=st.sampled_from(Alphabet),
    ocr_device=st.sampled_from(OcrDevice),
    ocr_models=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    route=st.builds(RouteConfig, pdf_text=st.sampled_from(PdfText), max_bad=st.floats(0, 1)),
    limits=st.builds(Limits, cpu_seconds=st.integers(1, 99), wall_seconds=st.floats(0.5, 99)),
    picture_longest=st.integers(64, 8000),
    ocr_longest=st.integers(64, 8000),
    pages_per_shard=st.none() | st.integers(1, 1 << 20),
)


@given(CONFIGS)
def test_any_configuration_comes_back_as_it_was_stored(config: IngestConfig) -> None:
    assert IngestConfig.from_stored(config.stored()) == config
    again = IngestConfig.from_stored(json.loads(json.dumps(config.stored())))
    assert again == config
    assert again.stored() == config.stored()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jpeg_quality": 1}, "jpeg_quality was 1 and is "),
        ({"signatures": 1}, "signatures was 1 and is 2"),
        ({"ocr": "guess"}, "'guess' is not a valid OcrName"),
        ({"pdf_engine": "mupdf"}, "'mupdf' is not a valid PdfEngine"),
        ({"ocr_device": "tpu"}, "'tpu' is not a valid OcrDevice"),
        ({"ocr": None}, "None is not a valid OcrName"),
        ({"route.pdf_text": "perhaps"}, "'perhaps' is not a valid PdfText"),
        ({"picture_longest": 1}, r"picture_longest must be 64\.\.8000, got 1"),
        ({"picture_longest": "wide"}, "not a configuration of ingestion"),
        ({"more": 1}, "not a configuration of ingestion: .*more"),
        ({"limits.more": 1}, "not a configuration of ingestion: .*more"),
        ({"colours.red": 1}, "not a configuration of ingestion: .*colours"),
        ({"limits": 3}, "not a configuration of ingestion"),
    ],
)
def test_what_is_no_configuration_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IngestConfig.from_stored({**change, **IngestConfig().stored(), **change})


@pytest.mark.parametrize("name", ["jpeg_quality", "signatures", "ocr", "pdf_engine", "route.pdf_text"])
def test_a_configuration_that_lacks_a_field_of_no_default_is_refused(name: str) -> None:
    stored = IngestConfig().stored()
    del stored[name]
    with pytest.raises(ValueError, match=name.rpartition(".")[2]):
        IngestConfig.from_stored(stored)


def test_shards_are_as_large_as_asked_for_or_as_the_input_allows() -> None:
    assert [IngestConfig(pages_per_shard=5).unit_rows(pages) for pages in (0, 7, 1 << 40)] == [5] * 3
    sizes = {pages: IngestConfig().unit_rows(pages) for pages in (0, 1, 639, 640, 12_800, 32_767, 32_768, 10**9)}
    assert sizes == {0: 4, 1: 4, 639: 4, 640: 5, 12_800: 100, 32_767: 255, 32_768: 256, 10**9: 256}


@given(st.integers(0, 1 << 40))
def test_any_middling_input_has_enough_units_for_every_core(pages: int) -> None:
    rows = IngestConfig().unit_rows(pages)
    assert 4 <= rows <= 256
    assert rows <= IngestConfig().unit_rows(pages + 1)
    if pages >= 4 * 128:
        assert -(-pages // rows) >= 128
