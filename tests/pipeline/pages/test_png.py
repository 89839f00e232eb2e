"""Chunks that are no part of the picture go; everything else stays as it is."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from pipeline.pages.png import without_profiles

NOISE = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def saved(**options: object) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(NOISE).save(sink, "PNG", **options)
    return sink.getvalue()


def test_profiles_and_texts_go_wherever_they_are_and_the_picture_stays() -> None:
    plain = saved()
    bomb = zlib.compress(bytes(1 << 22))
    extra = [chunk(b"iCCP", b"p\0\0" + bomb), chunk(b"zTXt", b"k\0\0" + bomb), chunk(b"iTXt", b"k\0\1\0\0\0" + bomb),
             chunk(b"tEXt", b"k\0" + bytes(9))]  # fmt: skip
    data = plain[:33] + b"".join(extra) + plain[33:-12] + b"".join(extra) + plain[-12:]
    assert without_profiles(data) == plain
    assert without_profiles(plain) == plain


def test_what_tells_the_orientation_stays() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    info.add_text("Raw profile type exif", "\n\n\n00", zip=True)
    assert without_profiles(saved(pnginfo=info)) == saved(pnginfo=info)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert without_profiles(saved(exif=exif)) == saved(exif=exif)
    large = PngImagePlugin.PngInfo()
    large.add_itxt("XML:com.adobe.xmp", "x" * 300_000)
    assert without_profiles(saved(pnginfo=large)) == saved()


def test_what_lies_beside_the_pixels_but_changes_them_stays() -> None:
    image = Image.new("P", (40, 30), 1)
    image.putpalette([9, 9, 9, 200, 100, 50])
    sink = io.BytesIO()
    image.save(sink, "PNG", transparency=0, icc_profile=b"profile")
    data = without_profiles(sink.getvalue())
    assert b"iCCP" not in data
    with Image.open(io.BytesIO(data)) as found:
        assert (np.asarray(found.convert("RGBA")) == np.asarray(image.convert("RGBA"))).all()
        assert "transparency" in found.info


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_damage_leaves_the_rest_to_the_reader(noise: bytes, cut: int) -> None:
    good = saved()
    assert without_profiles(noise) == noise
    assert without_profiles(good[:cut]) == good[:cut]
    assert without_profiles(good[:33] + noise) == good[:33] + noise or b"XtT" in noise or b"CCP" in noise
