"""Names that would be paths, options or commands to anybody who believed them."""

from __future__ import annotations

import os
from pathlib import Path

NAMES = (
    b"...pdf",
    b"..%2f..%2fescape.pdf",
    b"..\\..\\escape.pdf",
    b"-rf.pdf",
    b"~.pdf",
    b"$(touch owned).pdf",
    b"`touch owned`;.pdf",
    b"new\nline.pdf",
    b"carriage\rreturn.pdf",
    b"bell\x07 and \x1b[31mcolour.pdf",
    b"quote'\"quote.pdf",
    b"glob[*]?.pdf",
    b"zip::inside.pdf",
    b"s3:page.pdf",
    b"null%00byte.pdf",
    b" blank .pdf",
    "\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe.pdf".encode(),
    b"x" * 250 + b".pdf",
)
NOT_UNICODE = b"\xff\xfe not unicode.pdf"


def write_names(folder: Path, data: bytes) -> dict[bytes, bool]:
    """Files with such names below `folder`, each with other bytes; whether the file system took each name."""
    taken: dict[bytes, bool] = {}
    for number, name in enumerate((*NAMES, NOT_UNICODE)):
        path = os.fsencode(folder) + b"/" + name
        try:
            with open(path, "wb") as file:  # noqa: PTH123 - a name in bytes
                file.write(data + b"\n%% %d" % number)
            taken[name] = True
        except OSError:
            taken[name] = False
    return taken
