"""Words that come with a document: the JSON of the pixparse document WebDatasets (pdfa-eng-wds, idl-wds)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from pipeline.words.base import WordList, clean, no_words

_MAX_LINE = 2**31
MAX_BYTES = 16 * 1024 * 1024  # of the JSON of one document: parsed, it takes thirty times that
MAX_WORDS = 50_000  # of one page


@dataclass(frozen=True)
class _Entry:
    """One text of a page with its box (x, y, width, height in fractions), score and line."""

    text: str
    box: tuple[float, float, float, float]
    score: float
    line: int | None


def given_words(data: bytes, pages: int) -> list[WordList] | None:
    """Words of each of the `pages` pages of a document, or None where the JSON is of no layout that is known.

    Known is `{"pages": [...]}` where a page has `words` with `text`, `bbox` (x, y, width, height in fractions 0..1
    of the page) and maybe `score` and `line_pos` (line and place in it); or, as in idl-wds, the same lists without
    `words` around them, whose texts are whole lines: their boxes are shared out among their words by the number of
    characters. Lines are those of `line_pos`, else of `lines.word_slice`; all words are of line 0 where neither is
    there. Raises ValueError in one line where the layout is one of these, but not its contents, and where it is of
    another number of pages.
    """
    found = _pages_of(data)
    if found is None:
        return None
    if len(found) != pages:
        raise ValueError(f"words of {len(found)} pages for a document of {pages}")
    words = [_page_words(page, index) for index, page in enumerate(found)]
    for index, one in enumerate(words):
        if len(one.text) > MAX_WORDS:
            raise ValueError(f"page {index}: {len(one.text)} words, more than {MAX_WORDS}")
    return words


def _pages_of(data: bytes) -> list[dict[str, Any]] | None:
    value = _parse(data)
    found = value.get("pages") if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(page, dict) for page in found):
        return None
    return found if all(map(_has_words, found)) else None


def _parse(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes of words, more than {MAX_BYTES}")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data)  # Python's own writer writes NaN and halves of surrogate pairs, which are no JSON
    except (ValueError, RecursionError):
        return None


def _has_words(page: dict[str, Any]) -> bool:
    if isinstance(page.get("words"), dict | list):
        return True
    return isinstance(page.get("text"), list) and isinstance(page.get("bbox"), list)


def _page_words(page: dict[str, Any], index: int) -> WordList:
    try:
        entries = list(_entries(page))
        _check_fractions(entries)
        return _collect(entries)
    except ValueError as error:
        raise ValueError(f"words of page {index}: {error}") from None


def _entries(page: dict[str, Any]) -> Iterator[_Entry]:
    """The texts of a page, in the order of the file."""
    if not isinstance(page.get("words"), dict | list):
        for line, entry in enumerate(_part(page)):
            yield _Entry(entry.text, entry.box, entry.score, line)
        return
    parts = page["words"] if isinstance(page["words"], list) else [page["words"]]
    entries = [entry for part in parts for entry in _part(part)]
    if any(entry.line is None for entry in entries):
        lines = _lines_of_slices(page.get("lines"), len(entries))
        entries = [_Entry(e.text, e.box, e.score, line) for e, line in zip(entries, lines, strict=True)]
    yield from entries


def _part(part: Any) -> Iterator[_Entry]:
    """Entries of `{"text": [...], "bbox": [...], ...}`, or of the same with one word and no lists."""
    if not isinstance(part, dict):
        raise ValueError("`words` holds something that is no object")
    if isinstance(part.get("text"), str):
        part = {name: [part[name]] for name in ("text", "bbox", "score", "line_pos") if name in part}
    texts = _column(part, "text", None)
    columns = [_column(part, name, len(texts)) for name in ("bbox", "score", "line_pos")]
    for text, box, score, line in zip(texts, *columns, strict=True):
        if text is not None and not isinstance(text, str):
            raise ValueError("a text that is no string")
        yield _Entry(text or "", _box(box), _score(score), _line(line))


def _column(part: dict[str, Any], name: str, length: int | None) -> list[Any]:
    value = part.get(name)
    if value is None and name != "bbox":
        return [None] * (length or 0)
    if value is None:
        value = []
    if not isinstance(value, list):
        raise ValueError(f"`{name}` is no list")
    if length is not None and len(value) != length:
        raise ValueError(f"{len(value)} entries of `{name}` for {length} of `text`")
    return value


def _box(value: Any) -> tuple[float, float, float, float]:
    if not isinstance(value, list) or len(value) != 4 or not all(map(_is_number, value)):
        raise ValueError("a `bbox` that is not four finite numbers")
    left, top, width, height = map(float, value)
    if width < 0 or height < 0:
        raise ValueError("a `bbox` with a negative width or height")
    return left, top, width, height


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9  # and no NaN


def _score(value: Any) -> float:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return 1.0
    if not _is_number(value):
        raise ValueError("a `score` that is no number")
    return min(max(float(value), 0.0), 1.0)


def _line(value: Any) -> int | None:
    if isinstance(value, list) and value:
        value = value[0]
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_LINE:
        raise ValueError("a `line_pos` that names no line")
    return value


def _lines_of_slices(lines: Any, words: int) -> list[int]:
    """Line of each word, from slices of the words; words of no slice are lines of their own behind those."""
    parts = lines if isinstance(lines, list) else [lines]
    slices = [one for part in parts if isinstance(part, dict) for one in _slices(part.get("word_slice"))]
    if not slices:
        return [0] * words
    found = [len(slices) + i for i in range(words)]
    for line, (start, end) in enumerate(slices):
        if not 0 <= start <= end <= words:
            raise ValueError(f"a `word_slice` beyond the {words} words")
        found[start:end] = [line] * (end - start)
    return found


def _slices(value: Any) -> list[tuple[int, int]]:
    if value is None:
        return []
    nested = value if isinstance(value, list) and all(isinstance(one, list) for one in value) else [value]
    for one in nested:
        if not isinstance(one, list) or len(one) != 2 or not all(type(end) is int for end in one):
            raise ValueError("a `word_slice` that is not two numbers")
    return [(one[0], one[1]) for one in nested]


def _check_fractions(entries: list[_Entry]) -> None:
    """Boxes in pixels would all be clipped to a corner; single words beyond the page are met in real files."""
    beyond = sum(max(entry.box) > 2.0 for entry in entries)
    if 2 * beyond > len(entries):
        raise ValueError(f"{beyond} of {len(entries)} boxes are not in fractions of the page")


def _collect(entries: list[_Entry]) -> WordList:
    words = [
        (text, box, entry.score, entry.line or 0)
        for entry in entries
        for piece, box in _pieces(entry)
        if (text := clean(piece))
    ]
    if not words:
        return no_words()
    texts, boxes, scores, lines = zip(*words, strict=True)
    corners = np.clip(np.asarray(boxes, dtype=np.float64), 0.0, 1.0)
    return WordList(list(texts), corners, list(scores), list(lines))


def _pieces(entry: _Entry) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """The words of a text, each with its share of the box by its place among the characters."""
    text, (left, top, width, height) = entry.text.strip(), entry.box
    place = 0
    for piece in text.split():
        begin = text.index(piece, place)
        place = begin + len(piece)
        start, end = begin / len(text), place / len(text)
        yield piece, (left + start * width, top, left + end * width, top + height)
