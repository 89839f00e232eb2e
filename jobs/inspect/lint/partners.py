"""Partners of training samples: another document, and no near-duplicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from jobs.inspect.lint.accounts import Accounts
from jobs.inspect.lint.findings import Findings
from pipeline.prepare.tim import Candidate, near_duplicates

_AT_ONCE = 100_000  # pairs whose signatures are held together
_COLUMNS = ["key", "document", "words", "minhash", "phash"]


@dataclass
class Pairs:
    """(sample, partner) of every replaced picture, checked when all signatures are known."""

    _pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, key: str, partner: str) -> None:
        """One replaced picture."""
        self._pairs.append((key, partner))

    def check(self, findings: Findings, accounts: Accounts, indexes: Callable[[], Iterator[pa.Table]]) -> None:
        """Partners are pages of the dataset and say something else. `indexes` gives all indexes anew."""
        missing = set(accounts.unknown(partner for _, partner in self._pairs))
        for key, partner in self._pairs:
            findings.expect(partner not in missing, "partner-unknown", key, f"partner {partner} is no page here")
        pairs = iter(self._pairs)
        while batch := list(islice(pairs, _AT_ONCE)):
            _compare(findings, batch, _candidates({key for pair in batch for key in pair}, indexes()))


def _candidates(keys: set[str], indexes: Iterable[pa.Table]) -> dict[str, Candidate]:
    rows = (row for table in indexes for row in table.select(_COLUMNS).to_pylist())
    return {row["key"]: Candidate.of(0, 0, row) for row in rows if row["key"] in keys}


def _compare(findings: Findings, pairs: list[tuple[str, str]], known: dict[str, Candidate]) -> None:
    """A partner that was itself left out of the samples has no signature here and cannot be compared."""
    for key, partner in pairs:
        if key in known and partner in known and near_duplicates(known[key], known[partner]):
            findings.add("partner-duplicate", key, f"partner {partner} is a near-duplicate")
