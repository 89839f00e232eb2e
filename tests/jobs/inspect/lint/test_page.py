"""Faults of page records and pictures, in datasets whose hashes are right."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.inspect.lint import lint

SHARD = "gen-0000/pages-000000"
Record = dict[str, Any]


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


def _drop_word(record: Record) -> None:
    for values in record["words"].values():
        values.pop()


def _more_words(record: Record) -> None:
    for values in record["words"].values():
        values.extend(values[-1:] * 9)  # of one word alone no entry of the signature might come


def _shared_line(record: Record) -> None:
    record["words"]["line"][0] = 1


RECORD_FAULTS: dict[str, tuple[Callable[[Record], Any], set[str]]] = {
    "unknown field": (lambda r: r.update(more=1), {"page-record"}),
    "box out of range": (lambda r: r["words"]["box"][0].__setitem__(2, 1001), {"page-record"}),
    "box turned around": (lambda r: r["words"].update(box=[b[::-1] for b in r["words"]["box"]]), {"page-record"}),
    "confidence above one": (lambda r: r["words"]["confidence"].__setitem__(0, 1.5), {"page-record"}),
    "confidence that is no number": (lambda r: r["words"]["confidence"].__setitem__(0, float("nan")), {"page-record"}),
    "lists of two lengths": (lambda r: r["words"]["text"].pop(), {"page-record"}),
    "a blank word": (lambda r: r["words"]["text"].__setitem__(0, " "), {"page-record"}),
    "lines out of order": (_shared_line, {"page-record"}),
    "a line without words": (
        lambda r: (r["lines"]["box"].append([0] * 4), r["lines"]["block"].append(9)),
        {"page-record"},
    ),
    "another page": (lambda r: r.update(page=0), {"page-record"}),
    "another schema": (lambda r: r.update(schema="pagemill.page/2"), {"page-record"}),
    "a page too many": (lambda r: r["document"].update(pages=1), {"page-record"}),
    "another uri": (lambda r: r["document"].update(uri="/x"), {"page-match"}),
    "another route": (lambda r: r.update(route="ocr"), {"page-match"}),
    "a line's box": (lambda r: r["lines"]["box"][2].__setitem__(0, 1), {"page-lines"}),
    "a word's box": (lambda r: r["words"]["box"][0].__setitem__(0, 5), {"page-lines"}),
    "a word less": (_drop_word, {"page-words", "index-minhash", "page-lines"}),
    "words more": (_more_words, {"page-words", "index-minhash"}),
    "another word": (lambda r: r["words"]["text"].__setitem__(3, "other"), {"index-minhash"}),
    "another size": (lambda r: r.update(size=[300, 320]), {"picture-size"}),
}


@pytest.mark.parametrize("name", RECORD_FAULTS)
def test_faults_of_a_record(pages: Any, name: str) -> None:
    fault, expected = RECORD_FAULTS[name]
    pages.edit_record(SHARD, pages.keys(SHARD)[1], fault)
    found = lint(pages.url)
    assert {finding.code for finding in found} == expected
    assert all(pages.keys(SHARD)[1] in finding.where for finding in found)


@pytest.mark.parametrize("data", [b"", b"null", b"[" * 50_000, b"\xff", b'{"schema":"pagemill.page/1"}'])
def test_a_record_that_is_none(pages: Any, data: bytes) -> None:
    pages.edit_sample(SHARD, pages.keys(SHARD)[0], lambda members, row: members.update(json=data))
    assert codes(pages.url) == {"page-record"}


def test_the_record_of_another_page(pages: Any) -> None:
    first, second = pages.keys(SHARD)[:2]
    kept: dict[str, bytes] = {}
    pages.edit_sample(SHARD, first, lambda members, row: kept.update(members))
    pages.edit_sample(SHARD, second, lambda members, row: members.update(json=kept["json"]))
    assert codes(pages.url) == {"page-match", "page-words", "index-minhash"}


def _encoded(kind: str, size: tuple[int, int] = (240, 320), **options: Any) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0]), 200, dtype=np.uint8)).save(sink, format=kind, **options)
    return sink.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _encoded("JPEG")[:-40],
        _encoded("TIFF"),
        _encoded("GIF"),
        _encoded("PNG"),
        _encoded("JPEG")[:20] + bytes(2000),
        _encoded("JPEG", (8100, 2)),
    ],
    ids=["empty", "cut", "TIFF", "GIF", "PNG as jpg", "zeros", "too wide"],
)
def test_a_picture_that_is_none(pages: Any, data: bytes) -> None:
    pages.edit_sample(SHARD, pages.keys(SHARD)[0], lambda members, row: members.update(jpg=data))
    assert codes(pages.url) == {"picture-file"}


def test_a_picture_of_another_size(pages: Any) -> None:
    pages.edit_sample(SHARD, pages.keys(SHARD)[0], lambda m, row: m.update(jpg=_encoded("JPEG", (240, 321))))
    assert codes(pages.url) == {"picture-size"}


def test_a_picture_larger_than_configured(pages: Any) -> None:
    pages.edit_json("dataset.json", lambda info: info["config"].update(picture_longest=319))
    assert codes(pages.url) == {"picture-size"}


def test_a_bilevel_picture_is_fine(pages: Any) -> None:
    def change(members: dict[str, bytes], row: dict[str, Any]) -> None:
        members.clear()
        members.update(png=kept_png, json=record)

    record = b""

    def keep(members: dict[str, bytes], row: dict[str, Any]) -> None:
        nonlocal record
        record = members["json"]

    sink = io.BytesIO()
    Image.new("1", (240, 320), 1).save(sink, format="PNG")
    kept_png = sink.getvalue()
    pages.edit_sample(SHARD, pages.keys(SHARD)[0], keep)
    pages.edit_sample(SHARD, pages.keys(SHARD)[0], change)
    assert codes(pages.url) == set()
