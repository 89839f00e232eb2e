"""Training pictures: lossless, grey where the page is grey, and no other error than ValueError."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.prepare.picture import decode_picture, encode_png, square_png


def _encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, format=kind, **options)
    return sink.getvalue()


def _noise(height: int, width: int, channels: int | None = None) -> np.ndarray:
    shape = (height, width) if channels is None else (height, width, channels)
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [None, 3])
def test_a_picture_of_the_size_comes_back_exactly(channels: int | None) -> None:
    page = _noise(224, 224, channels)
    assert np.array_equal(decode_picture(square_png(page, 224)), page)


def test_sizes_and_means_survive_the_reduction() -> None:
    page = np.zeros((600, 400), dtype=np.uint8)
    page[:300] = 200
    square = decode_picture(square_png(page, 448))
    assert square.shape == (448, 448)  # the aspect is ignored, as boxes ignore it
    assert (square[:220] == 200).all()
    assert (square[228:] == 0).all()


def test_a_small_page_is_enlarged() -> None:
    assert decode_picture(square_png(np.full((1, 1), 7, dtype=np.uint8), 224)).tolist() == [[7] * 224] * 224


def test_grey_stays_grey() -> None:
    grey = _noise(300, 200)
    assert Image.open(io.BytesIO(square_png(grey, 224))).mode == "L"
    same = np.repeat(grey[:, :, None], 3, axis=2)  # grey that was stored as RGB
    assert square_png(same, 224) == square_png(grey, 224)
    coloured = same.copy()
    coloured[:50, :50] = (255, 0, 0)
    assert Image.open(io.BytesIO(square_png(coloured, 224))).mode == "RGB"


def test_channels_keep_their_order() -> None:
    red = np.zeros((10, 10, 3), dtype=np.uint8)
    red[:, :, 0] = 255
    assert decode_picture(square_png(red, 224))[0, 0].tolist() == [255, 0, 0]
    assert decode_picture(_encoded(Image.fromarray(red), "JPEG", quality=95))[5, 5].tolist() == [254, 0, 0]


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        (Image.new("1", (6, 4), 1), (4, 6)),
        (Image.new("L", (6, 4), 255), (4, 6)),
        (Image.fromarray(_noise(4, 6)).quantize(4), (4, 6)),  # a palette of greys
        (Image.new("P", (6, 4)), (4, 6)),
        (Image.new("RGBA", (6, 4)), (4, 6, 3)),
        (Image.new("RGB", (6, 4), (255, 255, 255)), (4, 6, 3)),
    ],
    ids=["bilevel", "grey", "grey-palette", "empty-palette", "alpha", "colour"],
)
def test_modes(image: Image.Image, shape: tuple[int, ...]) -> None:
    found = decode_picture(_encoded(image))
    assert found.shape == shape
    assert found.dtype == np.uint8


def test_a_coloured_palette_keeps_its_colours() -> None:
    image = Image.new("P", (6, 4), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert decode_picture(_encoded(image))[0, 0].tolist() == [255, 0, 0]


_SHORT_HEAD = b"\x89PNG\r\n\x1a\n" + bytes([0, 0, 0, 11]) + b"IHDR" + bytes(40)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", _SHORT_HEAD, _encoded(Image.new("L", (4, 4)), "TIFF")]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a JPEG or PNG"):
        decode_picture(data)


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match="not a JPEG or PNG"):
        decode_picture(_encoded(Image.new("1", (100, 100))))


PNG, JPEG = (_encoded(Image.fromarray(_noise(24, 24, 3)), kind) for kind in ("PNG", "JPEG"))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([PNG, JPEG]), st.data())
def test_any_damage_is_a_value_error_or_a_picture(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for _ in range(draw.draw(st.integers(0, 3)) if damaged else 0):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    try:
        assert decode_picture(bytes(damaged)).dtype == np.uint8
    except ValueError as error:
        assert "not a JPEG or PNG" in str(error)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 99))
def test_any_picture_comes_back_from_its_png_by_any_decoder(width: int, height: int, colour: bool, seed: int) -> None:
    shape = (height, width, 3) if colour else (height, width)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    data = encode_png(pixels)
    assert np.array_equal(decode_picture(data), pixels)
    found = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(found[:, :, ::-1] if colour else found, pixels)
