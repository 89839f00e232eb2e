"""From inputs to a plan: every input is accounted for, and the first of equal files counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib import pdfencrypt

from pipeline.ingest import Planner, Probe, probe
from pipeline.pages import Limits, Sandbox
from pipeline.sources import list_inputs
from schemas.base import sha256_hex
from schemas.manifest import PLAN_SCHEMA, Reason, Status
from schemas.truth import DocumentTruth, PageTruth

DrawPdf = Callable[..., bytes]
EMPTY_PAGE = PageTruth(words=[], lines=[])


def truth(pages: int) -> bytes:
    return DocumentTruth(document_type="x", seed=0, text_layer="none", pages=[EMPTY_PAGE] * pages).to_json()


def test_a_good_document_has_its_pages(sandbox: Sandbox, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    expected = Probe(str(path), sha256_hex(path.read_bytes()), "pdf", 2)
    assert probe(str(path), sandbox) == expected
    Path(f"{path}.truth.json").write_bytes(truth(2))
    assert probe(str(path), sandbox) == expected


def test_what_is_wrong_has_a_reason(sandbox: Sandbox, tmp_path: Path, draw_pdf: DrawPdf) -> None:
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
        found = probe(uri, sandbox)
        assert (found.reason, found.pages, found.uri) == (reason, 0, uri)
        assert found.detail
        assert (found.sha256 is None) == (reason is Reason.UNREADABLE)


@pytest.mark.parametrize("side", [b"{}", b"", b"\xff", truth(3)])
def test_bad_truth_is_a_reason(sandbox: Sandbox, tmp_path: Path, draw_pdf: DrawPdf, side: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    Path(f"{path}.truth.json").write_bytes(side)
    found = probe(str(path), sandbox)
    assert found.reason is Reason.BAD_TRUTH
    assert found.detail


def test_truth_that_cannot_be_read_is_a_reason(sandbox: Sandbox, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one"))
    Path(f"{path}.truth.json").mkdir()
    assert probe(str(path), sandbox).reason is Reason.BAD_TRUTH


def test_a_document_of_too_many_pages_is_refused_whole(tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(draw_pdf("one", "two"))
    with Sandbox(Limits(max_pages=1)) as small:
        assert probe(str(path), small).reason is Reason.TOO_MANY_PAGES


def test_a_name_that_no_record_can_hold_is_a_reason(sandbox: Sandbox, tmp_path: Path, draw_pdf: DrawPdf) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")
    Path(path).write_bytes(draw_pdf("one"))
    [uri] = list_inputs([str(tmp_path)])
    found = probe(uri, sandbox)
    assert (found.uri, found.reason) == (f"{tmp_path}/\\udcff.pdf", Reason.UNREADABLE)
    planned = Planner("gen-0000").plan([found])
    assert [row.uri for row in planned.decided] == [found.uri]


def good(uri: str, content: str, pages: int = 1) -> Probe:
    return Probe(uri, sha256_hex(content.encode()), "pdf", pages)


def test_the_first_of_equal_files_counts() -> None:
    planned = Planner("gen-0003").plan([good("/a", "x", 2), good("/b", "x", 2), good("/c", "y"), good("/d", "x", 2)])
    assert [(row["uri"], row["page"]) for row in planned.pages.to_pylist()] == [("/a", 0), ("/a", 1), ("/c", 0)]
    assert [(row.uri, row.status, row.reason) for row in planned.decided] == [
        ("/b", Status.DUPLICATE, Reason.SAME_FILE),
        ("/d", Status.DUPLICATE, Reason.SAME_FILE),
    ]
    for row in planned.decided:
        assert row.duplicate_of == row.sha256 == sha256_hex(b"x")
        assert row.generation == "gen-0003"


def test_a_file_that_cannot_be_used_does_not_make_another_a_duplicate() -> None:
    bad = Probe("/a", sha256_hex(b"x"), reason=Reason.BAD_TRUTH, detail="no truth")
    planned = Planner("gen-0000").plan([bad, good("/b", "x")])
    assert planned.pages["uri"].to_pylist() == ["/b"]
    [row] = planned.decided
    assert (row.uri, row.status, row.reason, row.detail) == ("/a", Status.REJECTED, Reason.BAD_TRUTH, "no truth")
    assert (row.key, row.page) == (None, None)


def test_what_an_earlier_generation_accounts_for_is_left_out() -> None:
    held = sha256_hex(b"x")
    planner = Planner("gen-0001", known=frozenset({("/a", held), ("/gone", None)}), held=frozenset({held}))
    gone = Probe("/gone", reason=Reason.UNREADABLE, detail="no such file")
    planned = planner.plan([good("/a", "x"), good("/b", "x"), gone, good("/a2", "y")])
    assert planned.pages["uri"].to_pylist() == ["/a2"]
    assert [(row.uri, row.status) for row in planned.decided] == [("/b", Status.DUPLICATE)]


def test_a_file_that_has_changed_or_can_be_read_by_now_is_planned() -> None:
    known = frozenset({("/a", sha256_hex(b"x")), ("/b", None)})
    planned = Planner("gen-0001", known=known).plan([good("/a", "z"), good("/b", "y")])
    assert planned.pages["uri"].to_pylist() == ["/a", "/b"]
    assert planned.decided == []


CONTENT = st.sampled_from(["x", "y", "z"])
URI = st.text("abc/", min_size=1, max_size=4)
PROBES = st.lists(
    st.builds(good, URI, CONTENT, st.integers(1, 3))
    | st.builds(lambda uri, content: Probe(uri, sha256_hex(content.encode()), reason=Reason.DAMAGED), URI, CONTENT)
    | st.builds(lambda uri: Probe(uri, reason=Reason.UNREADABLE), URI),
    max_size=10,
    unique_by=lambda found: found.uri,
)


@given(PROBES)
def test_every_input_is_accounted_for_once(probes: list[Probe]) -> None:
    planned = Planner("gen-0000").plan(iter(probes))
    assert planned.pages.schema.equals(PLAN_SCHEMA)
    made = planned.pages["uri"].to_pylist()
    assert sorted({*made, *(row.uri for row in planned.decided)}) == sorted(found.uri for found in probes)
    assert not set(made) & {row.uri for row in planned.decided}
    assert len(planned.decided) == len({row.uri for row in planned.decided})
    by_uri = {found.uri: found for found in probes}
    for uri in set(made):
        rows = [row for row in planned.pages.to_pylist() if row["uri"] == uri]
        assert [row["page"] for row in rows] == list(range(by_uri[uri].pages))
        assert {row["pages"] for row in rows} == {by_uri[uri].pages}
    usable = {found.sha256 for found in probes if found.reason is None}
    assert len(set(made)) == len(usable), "each content is made once"


@given(PROBES, PROBES)
def test_the_digest_of_the_inputs_tells_what_was_put_in(a: list[Probe], b: list[Probe]) -> None:
    def digest_of(probes: list[Probe]) -> str:
        return Planner("gen-0000").plan(probes).inputs

    same = [(found.uri, found.sha256) for found in a] == [(found.uri, found.sha256) for found in b]
    assert (digest_of(a) == digest_of(b)) == same
