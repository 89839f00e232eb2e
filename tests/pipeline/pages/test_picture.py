"""The stored picture: capped, grey where the page is grey, and readable by anybody."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.pages import StoredPicture, encode_picture
from pipeline.pages.picture import JPEG_QUALITY, fit, to_grey


def decoded(picture: StoredPicture) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.format == {"jpg": "JPEG", "png": "PNG"}[picture.extension]
        return np.asarray(image.convert("L" if picture.pixels.ndim == 2 else "RGB"))


def fax(size: tuple[int, int] = (400, 600)) -> NDArray[np.uint8]:
    """A bilevel page of slanting strokes, H x W x 3."""
    image = Image.new("1", size, 1)
    draw = ImageDraw.Draw(image)
    for y in range(20, size[1] - 20, 12):
        for x in range(20, size[0] - 30, 9):
            draw.line((x, y, x + 6, y + 7), fill=0)
    return np.asarray(image.convert("RGB"))


def photo(seed: int = 0) -> NDArray[np.uint8]:
    """A soft picture in colour, H x W x 3."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (8, 6, 3)).astype(np.uint8))
    return np.asarray(small.resize((300, 400), Image.Resampling.BICUBIC))


def test_grey_stays_grey_and_colour_stays_colour() -> None:
    colour = encode_picture(photo(), 1000, bilevel=False)
    assert (colour.extension, colour.pixels.shape) == ("jpg", (400, 300, 3))
    assert np.abs(decoded(colour).astype(int) - photo()).mean() < 6
    grey = np.repeat(photo()[..., :1], 3, axis=2)
    stored = encode_picture(grey, 1000, bilevel=False)
    assert (stored.extension, stored.pixels.shape) == ("jpg", (400, 300))
    assert np.abs(decoded(stored).astype(int) - grey[..., 0]).mean() < 3


def test_what_jpeg_does_to_a_grey_page_does_not_make_it_coloured() -> None:
    grey = np.repeat(photo()[..., :1], 3, axis=2).astype(int)
    rng = np.random.default_rng(1)
    noisy = np.clip(grey + rng.integers(-5, 6, grey.shape), 0, 255).astype(np.uint8)
    assert to_grey(noisy).ndim == 2
    stamped = noisy.copy()
    stamped[:40, :40] = (200, 30, 30)
    assert to_grey(stamped).ndim == 3


def test_a_bilevel_page_is_a_png_where_that_is_smaller() -> None:
    page = fax()
    stored = encode_picture(page, 1000, bilevel=True)
    assert stored.extension == "png"
    assert len(stored.data) < len(encode_picture(page, 1000, bilevel=False).data)
    assert (decoded(stored) == page[..., 0]).all(), "not a pixel is lost"
    noise = np.random.default_rng(0).integers(0, 2, (400, 300), np.uint8)[..., None].repeat(3, 2) * 255
    blank = np.full((400, 300, 3), 255, np.uint8)
    for page in (noise, blank):
        stored = encode_picture(page, 1000, bilevel=True)
        jpeg = encode_picture(page, 1000, bilevel=False)
        assert len(stored.data) <= len(jpeg.data)


@pytest.mark.parametrize("reduced_before", [False, True])
def test_a_reduced_bilevel_page_keeps_its_greys(reduced_before: bool) -> None:
    page = fax((740, 1110))
    if reduced_before:  # as the child does where it may not give all pixels
        page = fit(page, 600)
    stored = encode_picture(page, 600, bilevel=True)
    assert stored.size == (400, 600)
    assert stored.extension == "png"
    grey = decoded(stored)
    assert 4 < len(np.unique(grey)) <= 16
    assert np.abs(grey.astype(int) - stored.pixels).mean() < 8, "no dots in place of greys"


def test_only_a_page_that_is_known_to_be_bilevel_becomes_a_png() -> None:
    assert encode_picture(fax(), 1000, bilevel=False).extension == "jpg"
    assert encode_picture(photo(), 1000, bilevel=True).extension == "jpg"


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.booleans(), st.booleans())
def test_the_longest_side_is_capped_and_nothing_is_enlarged(
    width: int, height: int, longest: int, bilevel: bool, colour: bool
) -> None:
    page = np.full((height, width, 3), 255, np.uint8)
    page[: height // 2] = (200, 0, 0) if colour else 0
    stored = encode_picture(page, longest, bilevel=bilevel)
    assert max(stored.size) == min(longest, max(width, height))
    assert stored.size == (stored.pixels.shape[1], stored.pixels.shape[0])
    assert decoded(stored).shape[:2] == stored.pixels.shape[:2]
    if max(width, height) > longest:
        for pixels, before in zip(stored.size, (width, height), strict=True):
            assert abs(pixels - max(1, before * longest / max(width, height))) <= 1
    else:
        assert stored.size == (width, height)


def test_the_same_picture_gives_the_same_bytes() -> None:
    for page in (photo(), fax()):
        assert encode_picture(page, 333, bilevel=True).data == encode_picture(page.copy(), 333, bilevel=True).data


@pytest.mark.parametrize("shape", [(60, 40), (61, 43, 3)])
def test_a_jpeg_is_what_pillow_makes_of_it(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, format="JPEG", quality=JPEG_QUALITY)
    assert encode_picture(pixels, 1000, bilevel=False).data == sink.getvalue()
