"""Frames counted without decoding: the same number as Pillow's, and never without end."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.pages.tiff import count_frames


def chain(places: list[int], last: int = 0, length: int = 400) -> bytes:
    """A TIFF of empty directories at `places`, each naming the next one, and the last one `last`."""
    data = bytearray(length)
    data[:8] = b"II*\0" + struct.pack("<I", places[0])
    for here, after in zip(places, [*places[1:], last], strict=True):
        if here + 6 <= length:
            data[here : here + 6] = struct.pack("<HI", 0, after)
    return bytes(data)


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("big", [False, True])
def test_it_counts_as_pillow_does(frames: int, big: bool) -> None:
    sink = io.BytesIO()
    images = [Image.new("L", (20, 30), 255)] * frames
    images[0].save(sink, "TIFF", save_all=True, append_images=images[1:], big_tiff=big)
    data = sink.getvalue()
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == frames
    assert count_frames(data, 1000) == frames
    assert count_frames(data, frames) == frames
    assert count_frames(data, frames - 1) == frames, "one more than it may be, and no further"


def test_it_counts_no_further_than_to_the_limit() -> None:
    data = chain(list(range(8, 392, 6)))
    assert count_frames(data, 1000) == 64
    assert count_frames(data, 5) == 6


def test_a_loop_ends() -> None:
    assert count_frames(chain([8, 14, 20], last=8), 1000) == 3
    assert count_frames(chain([8], last=8), 1000) == 1


def test_a_directory_outside_of_the_file_was_a_page_once() -> None:
    assert count_frames(chain([8, 14], last=5000), 1000) == 3


@given(st.binary(max_size=80), st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]))
def test_any_bytes_have_a_number_of_frames(rest: bytes, head: bytes) -> None:
    assert 1 <= count_frames(head + rest, 20) <= 21
