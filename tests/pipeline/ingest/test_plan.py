"""From inputs to a plan: every input is accounted for, and the first of equal files counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest import PlannedPart, Planner, Probe, listing_row
from pipeline.ingest.seen import KeySet, keys_of_hashes, keys_of_inputs
from pipeline.sources import Listed
from schemas.base import sha256_hex
from schemas.manifest import LISTING_SCHEMA, PLAN_SCHEMA, PROBE_SCHEMA, ManifestRow, Reason, Status

Looked = tuple[str, Probe]  # an input and what opening it showed


def good(uri: str, content: str, pages: int = 1) -> Looked:
    return uri, Probe(sha256_hex(content.encode()), "pdf", pages)


def bad(uri: str, content: str | None, reason: Reason = Reason.DAMAGED) -> Looked:
    return uri, Probe(sha256_hex(content.encode()) if content else None, reason=reason, detail="no good")


def tables(looked: Sequence[Looked], **more: Any) -> tuple[pa.Table, pa.Table]:
    """A part of a listing and of the probes."""
    listing = [listing_row(Listed(uri)) | more for uri, _ in looked]
    probes = [found.row() for _, found in looked]
    return pa.Table.from_pylist(listing, LISTING_SCHEMA), pa.Table.from_pylist(probes, PROBE_SCHEMA)


def plan(looked: Sequence[Looked], planner: Planner | None = None) -> PlannedPart:
    return (planner or Planner("gen-0000")).part(*tables(looked))


def known(*places: tuple[str, str | None]) -> KeySet:
    """What earlier generations account for: URIs with their content."""
    made = KeySet()
    made.add(keys_of_inputs([uri for uri, _ in places], [sha256_hex(c.encode()) if c else None for _, c in places]))
    return made


def held(*contents: str) -> KeySet:
    made = KeySet()
    made.add(keys_of_hashes(sha256_hex(content.encode()) for content in contents))
    return made


def test_the_first_of_equal_files_counts() -> None:
    looked = [good("/a", "x", 2), good("/b", "x", 2), good("/c", "y"), good("/d", "x", 2)]
    planned = plan(looked, Planner("gen-0003"))
    assert [(row["uri"], row["page"]) for row in planned.pages.to_pylist()] == [("/a", 0), ("/a", 1), ("/c", 0)]
    assert [(row.uri, row.status, row.reason) for row in planned.decided] == [
        ("/b", Status.DUPLICATE, Reason.SAME_FILE),
        ("/d", Status.DUPLICATE, Reason.SAME_FILE),
    ]
    for row in planned.decided:
        assert row.duplicate_of == row.sha256 == sha256_hex(b"x")
        assert row.generation == "gen-0003"


def test_a_file_that_cannot_be_used_does_not_make_another_a_duplicate() -> None:
    planned = plan([bad("/a", "x", Reason.BAD_TRUTH), good("/b", "x")])
    assert planned.pages["uri"].to_pylist() == ["/b"]
    [row] = planned.decided
    assert (row.uri, row.status, row.reason, row.detail) == ("/a", Status.REJECTED, Reason.BAD_TRUTH, "no good")
    assert (row.key, row.page) == (None, None)


def test_what_an_earlier_generation_accounts_for_is_left_out() -> None:
    planner = Planner("gen-0001", known(("/a", "x"), ("/gone", None)), held("x"))
    gone = bad("/gone", None, Reason.UNREADABLE)
    planned = plan([good("/a", "x"), good("/b", "x"), gone, good("/a2", "y")], planner)
    assert planned.pages["uri"].to_pylist() == ["/a2"]
    assert [(row.uri, row.status) for row in planned.decided] == [("/b", Status.DUPLICATE)]


def test_a_file_that_has_changed_or_can_be_read_by_now_is_planned() -> None:
    planner = Planner("gen-0001", known(("/a", "x"), ("/b", None)))
    planned = plan([good("/a", "z"), good("/b", "y")], planner)
    assert planned.pages["uri"].to_pylist() == ["/a", "/b"]
    assert planned.decided == []


def test_where_a_member_lies_comes_into_the_plan() -> None:
    listing, probes = tables(
        [good("tar://a.pdf::/t.tar", "x", 2)], offset=512, size=99, words_offset=2048, words_size=7
    )
    planned = Planner("gen-0000").part(listing, probes)
    places = planned.pages.select(["offset", "size", "words_offset", "words_size"]).to_pylist()
    assert [tuple(row.values()) for row in places] == [(512, 99, 2048, 7)] * 2


def test_probes_of_another_number_of_inputs_are_refused() -> None:
    listing, probes = tables([good("/a", "x"), good("/b", "y")])
    with pytest.raises(ValueError, match="1 inputs were opened of 2 that are listed"):
        Planner("gen-0000").part(listing, probes.slice(1))


CONTENT = st.sampled_from(["x", "y", "z"])
URI = st.text("abc/", min_size=1, max_size=4)
LOOKED = st.lists(
    st.builds(good, URI, CONTENT, st.integers(1, 3))
    | st.builds(bad, URI, CONTENT)
    | st.builds(bad, URI, st.none(), st.just(Reason.UNREADABLE)),
    max_size=10,
    unique_by=lambda looked: looked[0],
)


@given(LOOKED)
def test_every_input_is_accounted_for_once(looked: list[Looked]) -> None:
    planned = plan(looked)
    assert planned.pages.schema.equals(PLAN_SCHEMA)
    made = planned.pages["uri"].to_pylist()
    assert sorted({*made, *(row.uri for row in planned.decided)}) == sorted(uri for uri, _ in looked)
    assert not set(made) & {row.uri for row in planned.decided}
    assert len(planned.decided) == len({row.uri for row in planned.decided})
    by_uri = dict(looked)
    for uri in set(made):
        rows = [row for row in planned.pages.to_pylist() if row["uri"] == uri]
        assert [row["page"] for row in rows] == list(range(by_uri[uri].pages))
        assert {row["pages"] for row in rows} == {by_uri[uri].pages}
    usable = {found.sha256 for _, found in looked if found.reason is None}
    assert len(set(made)) == len(usable), "each content is made once"


@given(LOOKED, LOOKED)
def test_the_digest_of_the_inputs_tells_what_was_put_in(a: list[Looked], b: list[Looked]) -> None:
    def digest_of(looked: list[Looked]) -> str:
        planner = Planner("gen-0000")
        plan(looked, planner)
        return planner.inputs

    same = [(uri, found.sha256) for uri, found in a] == [(uri, found.sha256) for uri, found in b]
    assert (digest_of(a) == digest_of(b)) == same


def in_parts(
    looked: Sequence[Looked], cuts: set[int], earlier: Sequence[tuple[str, str | None]], retry: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[ManifestRow], str]:
    """Pages, decided rows and digest of a plan that was made part by part; `retry` has more of each listed row."""
    planner = Planner("gen-0001", known(*earlier), held(*(c for _, c in earlier if c)), bool(retry))
    listing, probes = tables(looked)
    if retry:
        rows = [row | more for row, more in zip(listing.to_pylist(), retry, strict=False)]
        listing = pa.Table.from_pylist(rows, LISTING_SCHEMA)
    pages: list[dict[str, Any]] = []
    decided: list[ManifestRow] = []
    for start, end in pairwise(sorted({0, len(looked), *cuts})):
        part = planner.part(listing.slice(start, end - start), probes.slice(start, end - start))
        pages += part.pages.to_pylist()
        decided += part.decided
    return pages, decided, planner.inputs


EARLIER = st.lists(st.tuples(URI, CONTENT | st.none()), max_size=4)
TRIED = st.fixed_dictionaries(
    {
        "only": st.none() | st.just([0]),
        "sha256": CONTENT.map(lambda content: sha256_hex(content.encode())),
    }
)


@given(LOOKED, EARLIER, st.sets(st.integers(1, 9)), st.just([]) | st.lists(TRIED, min_size=10, max_size=10))
def test_any_cut_into_parts_gives_the_same_plan(
    looked: list[Looked], earlier: list[tuple[str, str | None]], cuts: set[int], retry: list[dict[str, Any]]
) -> None:
    cuts = {cut for cut in cuts if cut < len(looked)}
    assert in_parts(looked, cuts, earlier, retry) == in_parts(looked, set(), earlier, retry)
