"""One sample of a page shard."""

from __future__ import annotations

from typing import Any

import numpy as np

from jobs.inspect.lint.findings import Findings
from jobs.inspect.picture import open_picture, picture_name
from pipeline.shards.hashes import minhash
from schemas.manifest import ManifestRow
from schemas.page import Page


def check_page(
    findings: Findings,
    where: str,
    row: dict[str, Any],
    members: dict[str, bytes],
    manifest: ManifestRow | None,
    config: dict[str, Any],
) -> None:
    """A page's record and picture against the index row, the manifest row and the configuration."""
    page = None
    with findings.guard("page-record", where):
        page = Page.from_json(members["json"])
    if page is None:
        return
    findings.expect(page.key == row["key"], "page-match", where, f"is the record of {page.key}")
    findings.expect(page.document.sha256[:16] == row["document"], "page-match", where, "is of another document")
    count = len(page.words.text)
    findings.expect(count == row["words"], "page-words", where, f"{count} words, {row['words']} in the index")
    findings.expect(
        minhash(page.words.text) == tuple(row["minhash"]), "index-minhash", where, "its words give another signature"
    )
    findings.expect(row["tokens"] is None, "index-rows", where, "tokens in an index of pages")
    if manifest is not None:
        _check_manifest(findings, where, page, manifest)
    _check_lines(findings, where, page)
    _check_picture(findings, where, page, members, config)


def _check_manifest(findings: Findings, where: str, page: Page, row: ManifestRow) -> None:
    have = (page.document.sha256, page.document.uri, page.page, page.route.value)
    want = (row.sha256, row.uri, row.page, row.route)
    for name, a, b in zip(("sha256", "uri", "page", "route"), have, want, strict=True):
        findings.expect(a == b, "page-match", where, f"{name} is {a}, in the manifest {b}")
    findings.expect(
        row.words == len(page.words.text), "page-words", where, f"{row.words} words are counted in the manifest"
    )


def _check_lines(findings: Findings, where: str, page: Page) -> None:
    """Each line's box is the union of its words' boxes. Words of a line follow each other: the record checks that."""
    if not page.words.text:
        return
    boxes = np.asarray(page.words.box)
    starts = np.flatnonzero(np.diff(page.words.line, prepend=-1))
    unions = np.hstack([np.minimum.reduceat(boxes[:, :2], starts), np.maximum.reduceat(boxes[:, 2:], starts)])
    wrong = np.flatnonzero((unions != np.asarray(page.lines.box)).any(axis=1))
    if len(wrong):
        first = int(wrong[0])
        findings.add(
            "page-lines",
            where,
            f"{len(wrong)} lines; line {first} is {list(page.lines.box[first])}, its words {unions[first].tolist()}",
        )


def _check_picture(
    findings: Findings, where: str, page: Page, members: dict[str, bytes], config: dict[str, Any]
) -> None:
    with findings.guard("picture-file", where):
        name = picture_name(members)
        size = open_picture(members[name], name).size
        findings.expect(size == page.size, "picture-size", where, f"{size} pixels, the record says {page.size}")
    longest = config.get("picture_longest")
    if isinstance(longest, int):
        findings.expect(
            max(page.size) <= longest, "picture-size", where, f"{page.size} pixels, more than {longest} are configured"
        )
