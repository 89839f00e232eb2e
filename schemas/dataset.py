"""A dataset: a folder or URL of immutable generations, each a set of finished work units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from schemas.base import Record, canonical_json, digest
from schemas.page import Sha256

DATASET_FILE = "dataset.json"

Kind = Literal["pages", "train"]


class FileRef(Record):
    """A finished file of a generation, relative to the generation's folder."""

    name: str
    size: NonNegativeInt
    sha256: Sha256


class Counts(Record):
    """Rows of the manifest by status, and what the ok ones hold."""

    ok: NonNegativeInt = 0
    rejected: NonNegativeInt = 0
    duplicate: NonNegativeInt = 0
    words: NonNegativeInt = 0
    routes: dict[str, NonNegativeInt] = {}
    reasons: dict[str, NonNegativeInt] = {}

    @property
    def rows(self) -> int:
        """All rows of the manifest."""
        return self.ok + self.rejected + self.duplicate

    def __add__(self, other: Counts) -> Counts:
        return self._plus(other, 1)

    def __sub__(self, other: Counts) -> Counts:
        """Without the rows of `other`, which must be among them (ValueError)."""
        return self._plus(other, -1)

    def _plus(self, other: Counts, sign: int) -> Counts:
        def merged(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
            sums = {key: a.get(key, 0) + sign * b.get(key, 0) for key in sorted({*a, *b})}
            return {key: value for key, value in sums.items() if value}

        return Counts(
            ok=self.ok + sign * other.ok,
            rejected=self.rejected + sign * other.rejected,
            duplicate=self.duplicate + sign * other.duplicate,
            words=self.words + sign * other.words,
            routes=merged(self.routes, other.routes),
            reasons=merged(self.reasons, other.reasons),
        )


class UnitMarker(Record):
    """Written last: the unit named is complete, and these are its files."""

    kind: Literal["pagemill.unit/1"] = Field(default="pagemill.unit/1", alias="schema")
    unit: str
    shard: str | None = None  # the stem of its tar and index; None for the unit of decided inputs
    files: list[FileRef]
    counts: Counts


class Listing(Record):
    """What a generation was asked to hold; written once all of it is listed, before any of it is opened."""

    kind: Literal["pagemill.listing/1"] = Field(default="pagemill.listing/1", alias="schema")
    inputs: NonNegativeInt
    files: list[FileRef]
    retry: bool = False  # rejected pages of earlier generations are tried again
    replaces: Counts = Counts()  # those pages


class GenerationPlan(Record):
    """What a generation set out to do; written once, before any unit."""

    kind: Literal["pagemill.plan/1"] = Field(default="pagemill.plan/1", alias="schema")
    name: Annotated[str, Field(pattern=r"^gen-[0-9]{4}$")]
    units: NonNegativeInt
    unit_rows: PositiveInt  # rows of a unit; the last one may have fewer, and in a copy any
    rows: NonNegativeInt
    inputs: str  # digest of what was put in
    files: list[FileRef]
    retry: bool = False
    replaces: Counts = Counts()  # rejected rows of earlier generations that are tried again here
    copied_from: Sha256 | None = None  # digest of the generation of another dataset that this one is made from
    relaid: bool = False  # and its lines and order were made again


class Generation(Record):
    """A finished generation as listed in dataset.json."""

    name: Annotated[str, Field(pattern=r"^gen-[0-9]{4}$")]
    digest: Sha256
    shards: NonNegativeInt
    counts: Counts
    replaces: Counts = Counts()  # rows of earlier generations in whose place rows of this one stand
    copied_from: Sha256 | None = None  # digest of the generation of another dataset that this one is made from
    relaid: bool = False  # and its lines and order were made again
    inputs: str
    environment: dict[str, str]  # versions and processor: what the bytes depend on beside inputs and configuration


class DatasetInfo(Record):
    """dataset.json."""

    kind: Literal["pagemill.dataset/1"] = Field(default="pagemill.dataset/1", alias="schema")
    content: Kind
    generations: list[Generation]
    digest: Sha256
    config: dict[str, Any]
    totals: Counts

    @staticmethod
    def digest_of(generations: list[Generation]) -> str:
        """Digest of the list of generations: what a training run pins."""
        return digest([[generation.name, generation.digest] for generation in generations])

    @staticmethod
    def totals_of(generations: list[Generation]) -> Counts:
        """What all generations add up to: a row that was tried again counts once, as it stands last."""
        return sum((g.counts for g in generations), Counts()) - sum((g.replaces for g in generations), Counts())


class GenerationDigest:
    """Digest of a finished generation: of the canonical JSON of its units' files, in the order of the units.

    The markers are taken one by one, so that they need not be held.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"[")
        self._last = ""

    def add(self, marker: UnitMarker) -> None:
        """Take the marker that comes next in the order of the units."""
        assert marker.unit >= self._last, f"the marker of unit {marker.unit} comes after that of {self._last}"
        files = [[f.name, f.size, f.sha256] for f in marker.files]
        self._hash.update((b"," if self._last else b"") + canonical_json([marker.unit, files]))
        self._last = marker.unit

    def hexdigest(self) -> str:
        """Of those that were taken."""
        whole = self._hash.copy()
        whole.update(b"]")
        return whole.hexdigest()


def generation_digest(markers: Iterable[UnitMarker]) -> str:
    """The same of markers that come in any order."""
    digest = GenerationDigest()
    for marker in sorted(markers, key=lambda marker: marker.unit):
        digest.add(marker)
    return digest.hexdigest()
