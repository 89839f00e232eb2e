"""Pictures: every mode on white paper, every frame a page, every damage a reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pipeline.pages import Limits, PageError, RawPage, Sandbox
from pipeline.pages.raster import RasterFile
from pipeline.sources import Format
from schemas.manifest import Reason

FirstPage = Callable[..., RawPage]
Encode = Callable[..., bytes]
Flag = Callable[..., Image.Image]
KINDS = [Format.PNG, Format.JPEG, Format.TIFF, Format.WEBP]
TURN = Image.Transpose
# What was done to the stored picture, so that its orientation undoes it.
STORED = {2: TURN.FLIP_LEFT_RIGHT, 3: TURN.ROTATE_180, 4: TURN.FLIP_TOP_BOTTOM, 5: TURN.TRANSPOSE, 6: TURN.ROTATE_90,
          7: TURN.TRANSVERSE, 8: TURN.ROTATE_270}  # fmt: skip
DEGREES = {1: 0, 2: 0, 3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def grey(page: RawPage) -> NDArray[np.uint8]:
    assert (np.ptp(page.picture, axis=2) <= 2).all()
    return page.picture[..., 0]


def same(page: RawPage, image: Image.Image, tolerance: int = 0) -> bool:
    expected = np.asarray(image.convert("L"), np.int16)
    found = grey(page).astype(np.int16)
    return found.shape == expected.shape and bool((np.abs(found - expected) <= tolerance).all())


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_its_picture(first_page: FirstPage, encode: Encode, flag: Flag, kind: Format) -> None:
    options = {"quality": 100} if kind in (Format.JPEG, Format.WEBP) else {}
    page = first_page(kind, encode(flag(), kind.value, **options))
    assert same(page, flag(), tolerance=0 if kind in (Format.PNG, Format.TIFF) else 40)
    assert page.facts.size == (60.0, 40.0)
    assert (page.facts.picture_cover, page.facts.bilevel, page.facts.declared_rotation) == (1.0, False, 0)
    assert len(page.chars) == 0


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"), ("L", "PNG"), ("P", "PNG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"), ("I;16", "PNG"),
        ("1", "TIFF"), ("CMYK", "TIFF"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF"), ("F", "TIFF"),
        ("LA", "TIFF"), ("RGBA", "WEBP"), ("CMYK", "JPEG"),
    ],
)  # fmt: skip
def test_every_mode_is_black_on_white(first_page: FirstPage, encode: Encode, flag: Flag, mode: str, kind: str) -> None:
    image = flag((80, 64))
    if mode.startswith("I;16"):
        values = np.asarray(image, np.uint16) * 257
        image = Image.fromarray(values.astype(">u2" if mode.endswith("B") else "<u2"))
        assert image.mode == mode
    else:
        image = image.convert(mode)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    page = first_page(Format(kind.lower()), encode(image, kind, **options))
    assert same(page, flag((80, 64)), tolerance=40 if kind == "JPEG" else 0)
    assert page.facts.bilevel == (mode == "1")


def test_paper_is_white_where_a_picture_is_transparent(first_page: FirstPage, encode: Encode) -> None:
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 10, 10))
    picture = first_page(Format.PNG, encode(image, "PNG")).picture
    assert picture[20, 20].tolist() == [255, 255, 255]
    assert picture[5, 5].tolist() == [0, 0, 0]
    palette = Image.new("P", (40, 30), 0)
    palette.putpalette([9, 9, 9, 0, 0, 0])
    palette.paste(1, (0, 0, 10, 10))
    picture = first_page(Format.PNG, encode(palette, "PNG", transparency=0)).picture
    assert picture[20, 20].tolist() == [255, 255, 255]
    assert picture[5, 5].tolist() == [0, 0, 0]


@pytest.mark.parametrize("top", [1023, 4095, 65535])
def test_paper_is_white_however_many_bits_a_scanner_fills(
    first_page: FirstPage, encode: Encode, flag: Flag, top: int
) -> None:
    values = (np.asarray(flag(), np.float64) / 255 * top).astype(np.uint16)
    assert same(first_page(Format.TIFF, encode(Image.fromarray(values), "TIFF")), flag(), tolerance=1)
    blank = Image.fromarray(np.full((30, 40), top, np.uint16))
    assert (first_page(Format.PNG, encode(blank, "PNG")).picture == 255).all(), "a blank page stays white"


def test_black_pages_stay_black(first_page: FirstPage, encode: Encode) -> None:
    for image in (Image.new("L", (40, 30)), Image.fromarray(np.zeros((30, 40), np.uint16))):
        assert (first_page(Format.PNG, encode(image, "PNG")).picture == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_pictures_are_turned_as_their_exif_says(
    first_page: FirstPage, encode: Encode, flag: Flag, kind: str, orientation: int
) -> None:
    stored = flag() if orientation == 1 else flag().transpose(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}.get(kind, {})
    page = first_page(Format(kind.lower()), encode(stored, kind, exif=exif, **options))
    assert same(page, flag(), tolerance=40 if kind == "JPEG" else 0)
    assert page.facts.declared_rotation == DEGREES[orientation]
    assert page.facts.size == (60.0, 40.0)


def test_a_page_is_the_same_however_often_and_in_which_order_it_is_asked_for(
    shared_sandbox: Sandbox, encode: Encode, flag: Flag
) -> None:
    turned = flag().transpose(TURN.ROTATE_90)
    data = encode(turned, "TIFF", save_all=True, append_images=[flag((50, 30)), turned], tiffinfo={274: 6})
    shared_sandbox.open(Format.TIFF, data)
    seen: dict[int, RawPage] = {}
    for index in (0, 0, 2, 1, 1, 0, 2):
        page = shared_sandbox.page(index, 1000)
        before = seen.setdefault(index, page)
        assert page.facts == before.facts
        assert (page.picture == before.picture).all()


def test_the_frames_of_a_fax_are_its_pages(shared_sandbox: Sandbox, encode: Encode, flag: Flag) -> None:
    sizes = [(100, 80), (60, 90), (40, 40)]
    frames = [flag(size).convert("1") for size in sizes]
    data = encode(frames[0], "TIFF", compression="group4", save_all=True, append_images=frames[1:])
    assert shared_sandbox.open(Format.TIFF, data) == 3
    for index in (2, 0, 1):
        page = shared_sandbox.page(index, 1000)
        assert same(page, frames[index])
        assert page.facts.bilevel
        assert page.facts.size == sizes[index]


def test_an_animation_is_one_page(shared_sandbox: Sandbox, encode: Encode, flag: Flag) -> None:
    for kind in ("WEBP", "PNG"):
        data = encode(flag(), kind, save_all=True, append_images=[Image.new("L", (60, 40), 9)] * 3)
        assert shared_sandbox.open(Format(kind.lower()), data) == 1


def test_one_bad_frame_does_not_spoil_the_others(shared_sandbox: Sandbox, encode: Encode, flag: Flag) -> None:
    frames = [flag((100, 80)), Image.effect_noise((100, 80), 60), flag((100, 80)), Image.new("L", (1, 1))]
    data = bytearray(encode(frames[0], "TIFF", compression="tiff_deflate", save_all=True, append_images=frames[1:]))
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]
    data[start : start + size] = b"\xff" * size
    assert shared_sandbox.open(Format.TIFF, bytes(data)) == 4
    outcomes = []
    for index in range(4):
        try:
            outcomes.append(shared_sandbox.page(index, 1000).picture.shape[1])
        except PageError as error:
            outcomes.append(error.reason)
    assert outcomes == [100, Reason.PAGE_DAMAGED, 100, Reason.PAGE_TOO_SMALL]


def test_large_pictures_are_reduced_and_small_ones_are_not_enlarged(
    first_page: FirstPage, encode: Encode, flag: Flag
) -> None:
    data = encode(flag((900, 600)), "PNG")
    assert first_page(Format.PNG, data, 300).picture.shape == (200, 300, 3)
    assert first_page(Format.PNG, data, 5000).picture.shape == (600, 900, 3)
    assert first_page(Format.PNG, encode(flag((3000, 16)), "PNG"), 100).picture.shape == (1, 100, 3)


def first(sandbox: Sandbox, kind: Format, data: bytes) -> RawPage:
    sandbox.open(kind, data)
    return sandbox.page(0, 1000)


def refused(sandbox: Sandbox, kind: Format, data: bytes) -> Reason:
    with pytest.raises(PageError) as caught:
        first(sandbox, kind, data)
    assert caught.value.detail.isprintable()
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_a_picture_that_holds_no_word_is_too_small(
    shared_sandbox: Sandbox, encode: Encode, kind: Format, size: tuple[int, int]
) -> None:
    assert refused(shared_sandbox, kind, encode(Image.new("L", size), kind.value)) is Reason.PAGE_TOO_SMALL


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_ends_early_is_damaged(shared_sandbox: Sandbox, encode: Encode, kind: Format) -> None:
    data = encode(Image.effect_noise((200, 200), 60), kind.value)
    assert refused(shared_sandbox, kind, data[: len(data) // 2]) in {Reason.PAGE_DAMAGED, Reason.DAMAGED}
    assert refused(shared_sandbox, kind, data[:12]) is Reason.DAMAGED


def test_a_truncated_photograph_is_a_damaged_page(shared_sandbox: Sandbox, encode: Encode) -> None:
    data = encode(Image.effect_noise((200, 200), 60), "JPEG")
    assert refused(shared_sandbox, Format.JPEG, data[:-200]) is Reason.PAGE_DAMAGED


def test_a_name_is_not_believed_inside_either(shared_sandbox: Sandbox, encode: Encode, flag: Flag) -> None:
    for kind in KINDS:
        for other in set(KINDS) - {kind}:
            assert refused(shared_sandbox, kind, encode(flag(), other.value)) is Reason.DAMAGED


def bomb(width: int, height: int) -> bytes:
    """A valid PNG of few bytes and very many white pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packed = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    body = b"".join(packed.compress(row * 100) for _ in range(height // 100)) + packed.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_before_it_goes_off(shared_sandbox: Sandbox) -> None:
    data = bomb(19_000, 19_000)
    assert len(data) < 100_000
    assert refused(shared_sandbox, Format.PNG, data) is Reason.PAGE_TOO_LARGE


def test_limits_are_exact(encode: Encode, flag: Flag) -> None:
    limits = Limits(max_pixels=60 * 40, min_side=40, max_pages=2)
    data = encode(flag(), "TIFF", save_all=True, append_images=[flag((61, 40)), flag((60, 39))][:1])
    opened = RasterFile(Format.TIFF, data, limits)
    assert opened.page(0, 1000, chars=True).picture.shape == (40, 60, 3)
    with pytest.raises(PageError, match="page-too-large: 61 x 40 pixels, more than 2400"):
        opened.page(1, 1000, chars=True)
    with pytest.raises(PageError, match="page-too-small: 60 x 39 pixels, less than 40"):
        RasterFile(Format.PNG, encode(flag((60, 39)), "PNG"), limits).page(0, 1000, chars=True)
    three = encode(flag(), "TIFF", save_all=True, append_images=[flag(), flag()])
    with pytest.raises(PageError, match="too-many-pages: more than 2 frames"):
        RasterFile(Format.TIFF, three, limits)


@pytest.fixture(scope="session")
def samples(encode: Encode, flag: Flag) -> list[tuple[Format, bytes]]:
    """Small files of every kind, to be damaged."""
    exif = Image.Exif()
    exif[0x0112] = 6
    one, two = flag(), flag().convert("1")
    return [
        (Format.PNG, encode(one.convert("RGBA"), "PNG", exif=exif)),
        (Format.PNG, encode(one.convert("P"), "PNG", transparency=0)),
        (Format.JPEG, encode(one, "JPEG", exif=exif)),
        (Format.WEBP, encode(one, "WEBP", exif=exif)),
        (Format.TIFF, encode(one, "TIFF")),
        (Format.TIFF, encode(two, "TIFF", compression="group4", save_all=True, append_images=[two])),
        (Format.TIFF, encode(one.convert("RGB"), "TIFF", compression="tiff_lzw", exif=exif)),
    ]


@settings(max_examples=300)
@given(st.data())
def test_any_damage_is_a_page_error_or_a_picture(samples: list[tuple[Format, bytes]], data: st.DataObject) -> None:
    """In this process, where an error that is not foreseen would show: in the child it would stop the run."""
    kind, good = data.draw(st.sampled_from(samples))
    damaged = bytearray(good)
    places = st.integers(0, len(good) - 1) | st.integers(0, min(60, len(good) - 1)) | st.integers(-200, -1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        damaged[max(place, -len(good))] = value
    damaged = damaged[: data.draw(st.just(len(good)) | st.integers(0, len(good)))]
    for page in pages_or_refusal(kind, bytes(damaged)):
        if isinstance(page, PageError):
            assert page.detail.isprintable()
            continue
        assert page.picture.dtype == np.uint8
        assert page.picture.shape[2] == 3
        assert 1 <= max(page.picture.shape[:2]) <= 100


def pages_or_refusal(kind: Format, data: bytes) -> Iterator[RawPage | PageError]:
    try:
        opened = RasterFile(kind, data, Limits(max_pixels=1_000_000))
        for index in range(min(opened.pages, 3)):
            yield opened.page(index, 100, chars=True)
    except PageError as error:
        yield error
