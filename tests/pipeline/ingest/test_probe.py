"""Looking at one input: a document of so many pages, or the reason why not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib import pdfencrypt

from pipeline.beside import Beside
from pipeline.ingest import Probe, listing_row, probe
from pipeline.ingest.probe import listed_of
from pipeline.pages import Limits, Sandbox
from pipeline.sources import Listed, list_inputs
from schemas.base import sha256_hex
from schemas.manifest import LISTING_SCHEMA, PROBE_SCHEMA, Reason
from schemas.truth import DocumentTruth, PageTruth

DrawPdf = Callable[..., bytes]
Look = Callable[..., Probe]
EMPTY_PAGE = PageTruth(words=[], lines=[])


def truth(pages: int) -> bytes:
    return DocumentTruth(document_type="x", seed=0, text_layer="none", pages=[EMPTY_PAGE] * pages).to_json()


@pytest.fixture(scope="session")
def look(sandbox: Sandbox, beside: Beside) -> Look:
    """`look(path)`, or a row of a listing, with the usual sandbox or another one."""

    def see(what: Path | str | dict[str, Any], other: Sandbox | None = None) -> Probe:
        row = what if isinstance(what, dict) else listing_row(Listed(str(what)))
        return probe(row, other or sandbox, beside)

    return see


def test_a_good_document_has_its_pages(look: Look, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    expected = Probe(sha256_hex(path.read_bytes()), "pdf", 2)
    assert look(path) == expected
    Path(f"{path}.truth.json").write_bytes(truth(2))
    assert look(path) == expected


def test_what_is_wrong_has_a_reason(look: Look, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    def put(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "absent")
    locked = pdfencrypt.StandardEncryption("user", "owner")
    cases = {
        str(tmp_path / "dangling.pdf"): Reason.UNREADABLE,
        put("empty.pdf", b""): Reason.EMPTY_FILE,
        put("text.pdf", b"just text"): Reason.UNSUPPORTED_FORMAT,
        put("cut.pdf", b"%PDF-1.7 and no more"): Reason.DAMAGED,
        put("locked.pdf", draw_pdf("secret", encrypt=locked)): Reason.ENCRYPTED,
        put("cut.png", b"\x89PNG\r\n\x1a\nrest"): Reason.DAMAGED,
    }
    for uri, reason in cases.items():
        found = look(uri)
        assert (found.reason, found.pages) == (reason, 0), uri
        assert found.detail
        assert (found.sha256 is None) == (reason is Reason.UNREADABLE)


def test_a_password_opens(look: Look, knowing: Sandbox, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(draw_pdf("hidden", "text", encrypt=pdfencrypt.StandardEncryption("secret", "owner")))
    assert look(path, knowing) == Probe(sha256_hex(path.read_bytes()), "pdf", 2)


@pytest.mark.parametrize("side", [b"{}", b"", b"\xff", truth(3)])
def test_bad_truth_is_a_reason(look: Look, tmp_path: Path, draw_pdf: DrawPdf, side: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    Path(f"{path}.truth.json").write_bytes(side)
    found = look(path)
    assert found.reason is Reason.BAD_TRUTH
    assert found.detail


def test_truth_that_cannot_be_read_is_a_reason(look: Look, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one"))
    Path(f"{path}.truth.json").mkdir()
    assert look(path).reason is Reason.BAD_TRUTH


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b'{"pages": [{"text": ["one"], "bbox": [[0.1, 0.1, 0.2, 0.2]]}]}', None),
        (b'{"pages": [{"text": ["one"], "bbox": [[0.1, 0.1, 0.2]]}]}', Reason.BAD_WORDS),
        (b'{"something": "else"}', None),
    ],
)
def test_words_that_came_with_a_member_are_looked_at(
    look: Look, tmp_path: Path, draw_pdf: DrawPdf, words: bytes, reason: Reason | None
) -> None:
    document = draw_pdf("one")
    (tmp_path / "t.tar").write_bytes(document + words)
    listed = Listed(f"tar://x.pdf::{tmp_path}/t.tar", "", 0, len(document), len(document), len(words))
    found = look(listing_row(listed))
    assert (found.sha256, found.reason, found.pages) == (sha256_hex(document), reason, 0 if reason else 1)


def test_a_document_of_too_many_pages_is_refused_whole(look: Look, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    with Sandbox(Limits(max_pages=1)) as small:
        assert look(path, small).reason is Reason.TOO_MANY_PAGES


def test_a_name_that_no_record_can_hold_is_a_reason_and_never_opened(
    look: Look, tmp_path: Path, draw_pdf: DrawPdf
) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")
    Path(path).write_bytes(draw_pdf("one"))
    (tmp_path / "\\udcff.pdf").write_bytes(draw_pdf("one"))  # a file of the name that is shown
    shown = f"{tmp_path}/\\udcff.pdf"
    rows = [listing_row(listed) for listed in list_inputs([str(tmp_path)])]
    assert [(row["uri"], row["fault"] is None) for row in rows] == [(shown, True), (shown, False)]
    assert [look(row).reason for row in rows] == [None, Reason.UNREADABLE]
    assert look(rows[1]).sha256 is None


def test_an_input_is_the_same_through_its_row() -> None:
    for listed in (Listed("/a.pdf", "12-34"), Listed("tar://a::/b.tar", "s", 512, 10, 1024, 20)):
        assert listed_of(listing_row(listed)) == listed


def test_every_column_has_its_value() -> None:
    assert list(Probe().row()) == PROBE_SCHEMA.names
    again = {"only", "sha256"}  # of retries alone
    assert set(listing_row(Listed("/a.pdf"))) == set(LISTING_SCHEMA.names) - again
