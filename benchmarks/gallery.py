"""The pictures of docs/reading-order.md: ten generated pages with the lines and the order that they are given.

python benchmarks/gallery.py docs/pictures/order
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image

from jobs.inspect.draw import annotated
from pipeline.ingest import IngestConfig
from pipeline.ingest.page import PageMaker
from pipeline.shards.files import write_atomic
from pipeline.sources.formats import Format
from pipeline.synth import Spec, make
from schemas.base import sha256_hex
from schemas.page import DocumentRef

# Name of the picture -> what is drawn; the last two are read by OCR.
PAGES: dict[str, Spec] = {
    name: Spec(index=index, seed=7, document_type=kind, variant=variant, pages=1)
    for name, index, kind, variant in (
        ("letter", 0, "letter", "digital"),
        ("invoice", 1, "invoice", "digital"),
        ("form", 2, "form", "digital"),
        ("paper-two-columns", 3, "paper2", "digital"),
        ("paper-three-columns", 4, "paper3", "digital"),
        ("table", 5, "table", "digital"),
        ("sidebar", 6, "sidebar", "digital"),
        ("report", 7, "report", "digital"),
        ("form-scan", 8, "form", "jpeg"),
        ("paper-scan", 9, "paper2", "jpeg"),
    )
}
_LONGEST = 1200  # pixels of a picture


def draw(spec: Spec, maker: PageMaker) -> bytes:
    """The first page of a generated document, with its lines and order, as a JPEG."""
    file = make(spec)
    maker.open(Format.PDF if spec.variant == "digital" else Format.JPEG, file.data)
    made = maker.make(DocumentRef(sha256=sha256_hex(file.data), uri=file.name, pages=1), 0, None)
    record = made.record
    image = annotated(Image.fromarray(made.picture.pixels), (), record.lines.box, record)
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    image.save(sink, format="JPEG", quality=60, optimize=True)
    return sink.getvalue()


def main() -> None:
    """Make all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with PageMaker(IngestConfig()) as maker:
        for name, spec in PAGES.items():
            write_atomic(folder / f"{name}.jpg", draw(spec, maker))
            print(folder / f"{name}.jpg", (folder / f"{name}.jpg").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
