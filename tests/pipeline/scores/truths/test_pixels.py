"""The size of a picture by its header, beside what Pillow says."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.scores.truths.pixels import picture_size


def _picture(kind: str, size: tuple[int, int], **options: object) -> bytes:
    sink = io.BytesIO()
    Image.new("L", size).save(sink, kind, **options)
    return sink.getvalue()


@given(st.sampled_from(["PNG", "JPEG"]), st.integers(1, 300), st.integers(1, 300))
def test_any_size(kind: str, width: int, height: int) -> None:
    assert picture_size(_picture(kind, (width, height))[:2000]) == (width, height)


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"comment": b"x" * 60_000}, {"icc_profile": b"y" * 200_000}]
)
def test_jpegs_of_all_kinds(options: dict[str, object]) -> None:
    assert picture_size(_picture("JPEG", (70, 50), **options)) == (70, 50)


def test_what_is_no_picture_or_cut_off_has_no_size() -> None:
    jpeg, png = _picture("JPEG", (70, 50)), _picture("PNG", (70, 50))
    for data in (b"", b"%PDF-1.7", jpeg[:30], png[:20], _picture("WEBP", (9, 9)), png[:16] + bytes(8) + png[24:]):
        assert picture_size(data) is None


@given(st.binary(max_size=80))
def test_any_bytes_have_a_size_or_none(data: bytes) -> None:
    for head in (data, b"\xff\xd8" + data, b"\xff\xd8\xff\xe0" + data, b"\x89PNG\r\n\x1a\n" + data):
        size = picture_size(head)
        assert size is None or min(size) > 0
