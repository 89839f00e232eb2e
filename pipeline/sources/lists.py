"""List files: one input a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.places import file_system

MAX_LINE = 65_536  # bytes; no path or URL is as long


def read_lines(place: str) -> Iterator[str]:
    """The inputs that a list file (a path or URL) names; blank lines and lines that begin with # are left out.

    Raises ValueError naming the file where it is not there or has a line that can be no input.
    """
    if not place:
        raise ValueError("a list file must not be empty")
    fs, path, local = file_system(place)
    try:
        with Path(path).open("rb") if local else fs.open(path, "rb") as file:
            number = 0
            while line := file.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE:
                    raise ValueError(f"line {number} of the list {place!r} is longer than {MAX_LINE} bytes")
                if text := _clean(line, first=number == 1):
                    yield text
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise ValueError(f"the list {place!r} cannot be read: {error.strerror or type(error).__name__}") from None


def _clean(line: bytes, first: bool) -> str:
    if first:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if line.startswith(b"#") or not line.strip():
        return ""
    text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    return text.replace("\0", "\\x00")  # which no path has
