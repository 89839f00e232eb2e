"""What lint finds: a code of a closed set, where, and what."""

from __future__ import annotations

import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

CODES: dict[str, str] = {
    # the dataset
    "dataset-file": "dataset.json is not valid",
    "dataset-config": "the configuration lacks a field or holds a wrong one",
    "dataset-digest": "the digest is not that of the list of generations",
    "dataset-totals": "the totals are not the sums of the generations",
    "dataset-tokenizer": "the tokenizer is absent or another one",
    "generation-name": "generations are not numbered without gaps",
    "generation-digest": "the digest of a generation is not that of its units' files",
    "generation-counts": "the counts of a generation are not the sums of its units",
    # files
    "file-missing": "a file that is named is absent",
    "file-size": "a file has another size than recorded",
    "file-sha256": "a file has other bytes than recorded",
    "file-stray": "a file that nothing names",
    # plan and units
    "plan-file": "the plan is absent or not valid",
    "plan-rows": "the plan and its rows, units or generation do not agree",
    "input-files": "the listed inputs, what opening them showed and the plan do not agree",
    "unit-missing": "a planned unit has no marker",
    "unit-stray": "a marker of a unit that was not planned",
    "unit-marker": "a marker is not valid",
    "unit-files": "a unit's files are not the ones it must have",
    "unit-counts": "a marker's counts are not those of its manifest rows",
    # manifest
    "manifest-file": "a manifest part cannot be read",
    "manifest-row": "a manifest row contradicts itself",
    "manifest-plan": "a unit's manifest rows are not the planned ones",
    "manifest-pages": "an input does not have each of its pages exactly once",
    "manifest-input": "an input that was listed has no row",
    "manifest-key": "two ok rows have the same key",
    "manifest-duplicate": "a duplicate of a file that is not there",
    # shards
    "index-file": "an index cannot be read",
    "index-rows": "an index does not hold the ok rows of its manifest part",
    "index-members": "a sample does not have the members it must have",
    "index-position": "a member lies elsewhere than the index says",
    "index-sha256": "a member has other bytes than the index says",
    "index-minhash": "the signature is not that of the words",
    "tar-read": "a tar cannot be read",
    "tar-member": "a member is no plain file with the fixed metadata",
    "tar-order": "the members are not those of the index, in its order",
    "tar-end": "a tar does not end as it must",
    # page samples
    "page-record": "a page record is not valid",
    "page-match": "a page record contradicts its manifest row",
    "page-words": "a page has another number of words than counted",
    "page-lines": "a line's box is not the union of its words' boxes",
    "picture-file": "a picture cannot be decoded",
    "picture-size": "a picture has another size than it must have",
    # training samples
    "sample-record": "a training record is not valid",
    "sample-match": "a training record contradicts its manifest row",
    "sample-tokens": "tokens contradict each other, or are not those counted",
    "sample-words": "a page with too few words",
    "sample-covers": "the line covers are no variants x lines matrix of 0 and 1, or not the ones drawn",
    "sample-matches": "the plan of replaced and dropped pictures is incomplete, or not the one drawn",
    "partner-document": "a partner of the same document",
    "partner-unknown": "a partner that is no page of the dataset",
    "partner-duplicate": "a partner that is a near-duplicate",
}

# What reading damaged bytes may raise. Anything else is a fault of lint itself and must be seen.
DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    SyntaxError,
    struct.error,
    zlib.error,
    tarfile.TarError,
    pa.ArrowException,
)


@dataclass(frozen=True, order=True)
class Finding:
    """One fault: `code` is a key of CODES, `where` a file or sample, `what` the fault in words."""

    where: str
    code: str
    what: str


@dataclass
class Findings:
    """Collects findings."""

    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, where: str, what: str) -> None:
        """Add one."""
        assert code in CODES, f"{code} is not a code of a finding"
        self.found.append(Finding(where, code, " ".join(what.split())[:300]))

    def expect(self, holds: bool, code: str, where: str, what: str) -> bool:
        """Add one unless `holds`; returns `holds`."""
        if not holds:
            self.add(code, where, what)
        return holds

    @contextmanager
    def guard(self, code: str, where: str) -> Iterator[None]:
        """Damage met inside the block becomes a finding."""
        try:
            yield
        except DAMAGE as error:
            self.add(code, where, str(error) or type(error).__name__)
