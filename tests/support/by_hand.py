"""PDFs written by hand, object by object: for what no library would write."""

from __future__ import annotations


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


def without_its_font(width: int, stem: int, serif: bool, pages: int) -> bytes:
    """Pages in a font that the file only names, with characters so wide and stems so thick, in thousandths.

    One font of pdfium's own, or a second one with serifs, stands in for all of them, stretched to what each asks for.
    """
    kids = b" ".join(b"%d 0 R" % (5 + 2 * page) for page in range(pages))
    widths = b" ".join([b"%d" % width] * 95)
    drawn: list[bytes] = []
    for page in range(pages):
        resources = b"/Resources<</Font<</F 3 0 R>>>>"
        drawn.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents %d 0 R%s>>" % (6 + 2 * page, resources))
        drawn.append(stream(b"BT /F %d Tf 20 100 Td (Hamburgefonstiv %d) Tj ET" % (20 + page, page)))
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Type/Font/Subtype/TrueType/BaseFont/Nobodys/FirstChar 32/LastChar 126/Encoding/WinAnsiEncoding"
        b"/FontDescriptor 4 0 R/Widths[%s]>>" % widths,
        b"<</Type/FontDescriptor/FontName/Nobodys/Flags %d/StemV %d/ItalicAngle 0/Ascent 800/Descent -200"
        b"/CapHeight 700/FontBBox[0 -200 1000 800]>>" % (34 if serif else 32, stem),
        *drawn,
    )
