"""Partners compared over the whole dataset, in batches."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from jobs.inspect.lint import partners
from jobs.inspect.lint.accounts import Accounts
from jobs.inspect.lint.findings import Findings
from jobs.inspect.lint.partners import Pairs
from schemas.index import INDEX_SCHEMA
from schemas.manifest import ManifestRow, Status

KEYS = [f"{i:016x}-00000" for i in range(12)]


def index() -> pa.Table:
    rows = [
        {
            "key": key,
            "document": key[:16],
            "members": [],
            "words": 100,
            "minhash": [i % 10] * 64,  # 0 and 10, 1 and 11 are twins
            "phash": i,
        }
        for i, key in enumerate(KEYS)
    ]
    return pa.Table.from_pylist(rows, schema=INDEX_SCHEMA)


def accounts() -> Accounts:
    made = Accounts()
    made.add(ManifestRow(key=key, uri="x", status=Status.OK, generation="gen-0000") for key in KEYS)
    return made


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_twins_are_found_whatever_the_batch(monkeypatch: Any, at_once: int) -> None:
    monkeypatch.setattr(partners, "_AT_ONCE", at_once)
    pairs, findings = Pairs(), Findings()
    for a, b in [(0, 1), (0, 10), (2, 3), (11, 1), (4, 9)]:
        pairs.add(KEYS[a], KEYS[b])
    pairs.add(KEYS[5], "f" * 16 + "-00000")
    pairs.check(findings, accounts(), lambda: iter([index()]))
    assert sorted((finding.code, finding.where) for finding in findings.found) == [
        ("partner-duplicate", KEYS[0]),
        ("partner-duplicate", KEYS[11]),
        ("partner-unknown", KEYS[5]),
    ]


def test_nothing_is_read_without_pairs() -> None:
    findings = Findings()
    Pairs().check(findings, Accounts(), lambda: pytest.fail("read an index"))
    assert findings.found == []
