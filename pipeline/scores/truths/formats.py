"""One reader a format, chosen by what a file holds and never by its name."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import orjson
from pydantic import ValidationError

from pipeline.scores.truths import docbank, funsd, hrdoc, roor, sroie, synth
from pipeline.scores.truths.base import Size, Truth, TruthFormat

READERS: dict[TruthFormat, ModuleType] = {
    TruthFormat.SYNTH: synth,
    TruthFormat.ROOR: roor,
    TruthFormat.FUNSD: funsd,
    TruthFormat.HRDOC: hrdoc,
    TruthFormat.DOCBANK: docbank,
    TruthFormat.SROIE: sroie,
}

_JSON = re.compile(rb"\s*(?:\{\s*(?:[\"}]|\Z)|\[\s*(?:[{\]]|\Z))")


def read_truth(data: bytes, page: int, size: Size | None, name: str = "truth") -> Truth | None:
    """Truth of page `page` in the bytes of a file, or None where they are of no format that is known.

    `size` is the width and height of the page's picture in pixels, None where they are not known. Raises ValueError
    in one line that begins with `name`: where JSON is damaged, where what is known is not well formed or has no such
    page, and where the size would be needed. Untrusted bytes go through `TruthProcess`.
    """
    try:
        value = _parse(data)
        for reader in READERS.values():
            if reader.sees(value):
                found: Truth = reader.read(value, page, size)
                return found
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise ValueError(f"{name}: {said.removeprefix('Value error, ')}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    return None


def _parse(data: bytes) -> Any:
    """JSON where it begins like an object or a list of some, else text, in which a byte that is no UTF-8 does no harm.

    A page's own text may begin with a bracket.
    """
    text = data.removeprefix(b"\xef\xbb\xbf")
    if _JSON.match(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"damaged JSON: {error}") from None
    return text.decode("utf-8", "replace")
