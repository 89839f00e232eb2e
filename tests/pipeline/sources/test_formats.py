"""Formats: told by the first bytes, from an allow-list."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.sources import Format, sniff


@pytest.mark.parametrize("kind", [Format.PNG, Format.JPEG, Format.TIFF, Format.WEBP])
def test_pictures_are_told_by_what_pillow_writes(kind: Format) -> None:
    sink = io.BytesIO()
    Image.new("L", (20, 20)).save(sink, kind.value)
    assert sniff(sink.getvalue()[:1024]) is kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", Format.PDF),
        (b"\n\n  rubbish of a mail server\r\n%PDF-1.4", Format.PDF),
        (b"x" * 1019 + b"%PDF-", Format.PDF),
        (b"x" * 1020 + b"%PDF-", None),
        (b"MM\0*\0\0\0\x08", Format.TIFF),
        (b"II+\0\x08\0\0\0", Format.TIFF),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"RIFF", None),
        (b"GIF89a", None),
        (b"%!PS-Adobe-3.0 EPSF-3.0", None),
        (b"SIMPLE  =                    T", None),
        (b"PK\x03\x04", None),
        (b"\x89PN", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_only_what_is_on_the_list_is_recognised(head: bytes, kind: Format | None) -> None:
    assert sniff(head) is kind


@given(st.binary(max_size=64))
def test_any_bytes_have_a_format_or_none(head: bytes) -> None:
    assert sniff(head) in {None, *Format}
