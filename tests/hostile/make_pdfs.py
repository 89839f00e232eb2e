"""Hostile PDFs, each written by hand: a few hundred bytes that ask for a machine."""

from __future__ import annotations

import io
import zlib

from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas
from support.by_hand import pdf, stream


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


def _to_unicode(mapping: dict[int, str], digits: int) -> bytes:
    entries = "\n".join(f"<{code:0{digits}X}> <{text}>" for code, text in mapping.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        f"1 begincodespacerange <{'00' * (digits // 2)}> <{'FF' * (digits // 2)}> endcodespacerange\n"
        f"{len(mapping)} beginbfchar\n{entries}\nendbfchar endcmap end end"
    ).encode()


def text_page(content: str, mapping: dict[int, str] | None = None, font: bool = True) -> bytes:
    """A page of text in Helvetica (/F); `mapping` says what its codes mean, in UTF-16 as hexadecimal digits."""
    head = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding"
    named = head + (b"/ToUnicode 6 0 R>>" if mapping else b">>")
    others = (named, stream(_to_unicode(mapping, 2))) if mapping else (named,)
    return one_page(content.encode(), *others, resources=b"/Font<</F 5 0 R>>" if font else b"")


def unmapped_font(shown: str = "0041004200430044") -> bytes:
    """A composite font that is not in the file and says nothing about what its glyphs mean."""
    return one_page(
        f"BT /F 12 Tf 20 100 Td <{shown}> Tj ET".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/Nowhere/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Nowhere/DW 600/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(Identity)/Supplement 0>>>>",
        resources=b"/Font<</F 5 0 R>>",
    )


def crowded(count: int = 50_000, piece: str = "ab ", mapping: dict[int, str] | None = None) -> bytes:
    """So many characters on a page, in rows of 500."""
    rows = (piece * (500 // len(piece) + 1))[:500]
    lines = "".join(f"1 0 0 1 5 {195 - 0.019 * 500 * row / 5:.3f} Tm ({rows}) Tj " for row in range(count // 500))
    return text_page(f"BT /F 1 Tf {lines} ET", mapping)


# Every way in which a mapping can say what is no character.
NO_CHARACTERS = {
    0x41: "D800", 0x42: "DC00", 0x43: "DFFFD800", 0x44: "FFFF", 0x45: "DBFFDFFF", 0x46: "FFFFFFFF", 0x47: "00110000",
    0x48: "0000", 0x49: "E000", 0x4A: "FDD0", 0x4B: "D83D", 0x4C: "7FFFFFFF", 0x4D: "0001", 0x4E: "202E",
}  # fmt: skip
HEBREW = {0x61: "05D0", 0x62: "05D1", 0x63: "05B8"}


def bad_sizes() -> bytes:
    """Fonts of no size, of negative ones and of ones beyond all numbers."""
    sizes = ("0", "-12", "0.0000001", "1000000", "99999999999999999999", "-0", "nan", "12")
    return text_page("BT " + "".join(f"/F {size} Tf 1 0 0 1 20 {180 - 20 * i} Tm (size of {i}) Tj "
                                     for i, size in enumerate(sizes)) + "ET")  # fmt: skip


def far_away() -> bytes:
    """Characters far outside the page and one line on it."""
    places = ("1000000 100", "-1e9 50", "20 99999999999", "3e38 3e38", "-3e38 -3e38", "20 100")
    lines = "".join(f"1 0 0 1 {place} Tm (far away {i}) Tj " for i, place in enumerate(places))
    bent = "0 0 0 0 20 50 Tm (no area) Tj 1e20 0 0 1e20 20 50 Tm (all) Tj 1e-20 0 0 1e-20 20 50 Tm (none) Tj "
    return text_page(f"BT /F 12 Tf {lines}{bent}ET")


def texts() -> dict[str, bytes]:
    """Pages whose text layer is bad, by the name that they have in a folder."""
    shown = "BT /F 12 Tf 10 100 Td (" + " ".join(f"x{chr(c)}y" for c in NO_CHARACTERS) + ") Tj ET"
    return {
        "no-fonts.pdf": text_page("BT /F 12 Tf 20 100 Td (no font at all) Tj ET", font=False),
        "no-size.pdf": text_page("BT 20 100 Td (no font chosen) Tj ET"),
        "unmapped-font.pdf": unmapped_font(),
        "no-characters.pdf": text_page(shown, NO_CHARACTERS),
        "sizes.pdf": bad_sizes(),
        "far-away.pdf": far_away(),
        "crowded.pdf": crowded(),
        "one-word.pdf": crowded(piece="ab"),
        "letters.pdf": crowded(piece="a b c d   "),
        "hebrew.pdf": crowded(piece="abc", mapping=HEBREW),
        "hebrew-words.pdf": crowded(piece="ab 12 ", mapping=HEBREW),
        "one-spot.pdf": text_page("BT /F 12 Tf " + "1 0 0 1 20 100 Tm (a) Tj 1 0 0 1 20 100 Tm (b) Tj " * 5000 + "ET"),
    }
