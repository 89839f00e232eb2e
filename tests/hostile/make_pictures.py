"""Hostile pictures: small files that unpack to very much, lie about what they are, or end early."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """What Pillow writes."""
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def paper(size: tuple[int, int] = (260, 200), mode: str = "L") -> Image.Image:
    """A page with a bar on it."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).rectangle((20, 20, size[0] // 2, size[1] // 3), fill=0)
    return image.convert(mode)


def deflated(piece: bytes, count: int) -> bytes:
    """`piece` so many times, deflated, without the work of deflating it so often; its checksum is wrong."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\x01" + block * count + b"\x03\x00" + bytes(4)


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A valid PNG of few bytes and very many white pixels."""
    body = deflated(b"\0" + b"\xff" * ((width + 7) // 8), height)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_liar(width: int = 4_000_000_000, height: int = 4_000_000_000) -> bytes:
    """A PNG whose head promises more pixels than there are."""
    good = encode(paper(), "PNG")
    return good[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + good[33:]


def png_overfull(size: int = 1 << 29) -> bytes:
    """A PNG of 260 x 200 pixels whose data unpack to `size` bytes."""
    body = deflated(bytes(1 << 20), size >> 20)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 260, 200, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_with(name: bytes, size: int = 1 << 28, after: bool = False) -> bytes:
    """A good PNG with an `iCCP`, `zTXt` or `iTXt` chunk that unpacks to `size` bytes."""
    good = encode(paper(), "PNG")
    packed = deflated(bytes(1 << 20), size >> 20)
    head = {b"iCCP": b"profile\0\0", b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0"}[name]
    place = len(good) - 12 if after else 33
    return good[:place] + chunk(name, head + packed) + good[place:]


def tiff(frames: int, compression: str | None = None, mode: str = "1", size: tuple[int, int] = (260, 200)) -> bytes:
    """A TIFF of so many frames."""
    images = [paper(size, mode)] * frames
    options = {"compression": compression} if compression else {}
    return encode(images[0], "TIFF", save_all=True, append_images=images[1:], **options)


def tiff_of_directories(frames: int = 2000) -> bytes:
    """A TIFF of one frame's pixels and very many directories."""
    pixels = b"\xff" * (4 * 26)
    out, place = bytearray(b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels), 8 + len(pixels)
    tags = [(256, 26), (257, 26), (258, 1), (259, 1), (262, 1), (273, 8), (277, 1), (278, 26), (279, len(pixels))]
    for number in range(frames):
        place += 2 + 12 * len(tags) + 4
        out += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        out += struct.pack("<I", place if number < frames - 1 else 0)
    return bytes(out)


def tiff_loop() -> bytes:
    """A TIFF whose second directory is its first."""
    data = bytearray(tiff_of_directories(1))
    data[-4:] = data[4:8]
    return bytes(data)


def tiff_with_tiles(side: int = 1 << 20) -> bytes:
    """A TIFF of 26 x 26 pixels in tiles of `side` x `side`."""
    pixels = b"\xff" * 104
    tags = [
        (256, 26),
        (257, 26),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 8),
        (325, 104),
    ]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 112) + pixels + body + struct.pack("<I", 0)
