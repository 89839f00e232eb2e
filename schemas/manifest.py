"""The manifest: one row for every page that was ever seen, and why it is or is not in a shard."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import pyarrow as pa
from pydantic import Field

from schemas.base import Record


class Status(StrEnum):
    """What became of a page."""

    OK = "ok"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class Reason(StrEnum):
    """Why a row is not `ok`: a closed set. Failures of the surroundings are not in it: they stop the run."""

    # of the file
    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty-file"
    TOO_LARGE = "too-large"
    UNSUPPORTED_FORMAT = "unsupported-format"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    NO_PAGES = "no-pages"
    TOO_MANY_PAGES = "too-many-pages"
    CHANGED = "changed-while-reading"
    BAD_TRUTH = "bad-truth"
    BAD_WORDS = "bad-words"
    SAME_FILE = "same-file"
    # of the page
    PAGE_DAMAGED = "page-damaged"
    PAGE_TOO_SMALL = "page-too-small"
    PAGE_TOO_LARGE = "page-too-large"
    TIMEOUT = "timeout"
    KILLED = "killed"
    # of the preparation
    EXCLUDED = "excluded"  # a page of another dataset that is kept out, or a near-duplicate of one
    OTHER_SPLIT = "other-split"  # held out, or (in a dataset of what is held out) not held out
    TOO_FEW_WORDS = "too-few-words"
    OTHER_SCRIPT = "other-script"
    NO_PARTNER = "no-partner"


MANIFEST_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),  # null where the file has no page that could be named
        pa.field("document", pa.string()),  # first 16 hexadecimal digits of sha256
        pa.field("page", pa.int32()),  # null for an input that cannot be opened
        pa.field("uri", pa.string(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("route", pa.string()),
        pa.field("words", pa.int32()),
        pa.field("generation", pa.string(), nullable=False),
        pa.field("shard", pa.string()),
        pa.field("duplicate_of", pa.string()),  # the sha256 of the file that counts
    ]
)

# What a person named, before any of it was opened: where the bytes are, and a stamp that changes when they do.
_PLACE = [
    pa.field("uri", pa.string(), nullable=False),
    pa.field("offset", pa.int64()),  # of a member of a tar, else null
    pa.field("size", pa.int64()),
    pa.field("words_offset", pa.int64()),  # of the words that came with it, else null
    pa.field("words_size", pa.int64()),
]
LISTING_SCHEMA = pa.schema(
    [
        *_PLACE,
        pa.field("stamp", pa.string(), nullable=False),
        pa.field("whole_tar", pa.bool_(), nullable=False),  # all documents of its tar were listed with it
        pa.field("fault", pa.string()),  # why it cannot even be looked at
        pa.field("only", pa.list_(pa.int32())),  # the pages that are tried again; null for all
        pa.field("sha256", pa.string()),  # of the file whose pages `only` are; null for any
    ]
)

# What opening each of them showed, row by row as they are listed.
PROBE_SCHEMA = pa.schema(
    [
        pa.field("sha256", pa.string()),
        pa.field("format", pa.string()),
        pa.field("pages", pa.int32(), nullable=False),  # 0 where it cannot be opened
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)

# What ingestion knows before any page is made: the slice of work of one unit is one row group.
PLAN_SCHEMA = pa.schema(
    [
        *_PLACE,
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("format", pa.string(), nullable=False),
        pa.field("page", pa.int32(), nullable=False),
        pa.field("pages", pa.int32(), nullable=False),
    ]
)


# What preparation knows before it begins: a unit is one shard of pages.
TRAIN_PLAN_SCHEMA = pa.schema(
    [
        pa.field("generation", pa.string(), nullable=False),
        pa.field("shard", pa.string(), nullable=False),
        pa.field("samples", pa.int64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),  # that begin in it
        pa.field(
            "leading", pa.int64(), nullable=False
        ),  # its first samples, of the document that the shard before ends with
    ]
)

# On which side of a held-out split each document lies that has near-duplicates in others; the rest is drawn by itself.
SPLIT_SCHEMA = pa.schema(
    [
        pa.field(
            "document", pa.uint64(), nullable=False
        ),  # the first 16 hexadecimal digits of its SHA-256, as a number
        pa.field("side", pa.string(), nullable=False),  # "train", "held-out", or "neither" where it is like both
    ]
)


class ManifestRow(Record):
    """One row of the manifest, with the columns of MANIFEST_SCHEMA."""

    key: str | None = None
    document: str | None = None
    page: int | None = None
    uri: str
    sha256: str | None = None
    status: Status
    reason: Reason | None = None
    detail: str | None = Field(default=None, max_length=300)
    route: str | None = None
    words: int | None = None
    generation: str
    shard: str | None = None
    duplicate_of: str | None = None


def manifest_table(rows: Iterable[ManifestRow]) -> pa.Table:
    """Rows as a table of MANIFEST_SCHEMA."""
    dicts: list[dict[str, Any]] = [row.model_dump(mode="json") for row in rows]
    return pa.Table.from_pylist(dicts, schema=MANIFEST_SCHEMA)
