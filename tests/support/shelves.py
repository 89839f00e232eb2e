"""Pages by document as preparation finds them, from candidates made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.prepare.directory import Directory, plan_table, runs_of
from pipeline.prepare.tim import Candidate
from pipeline.shards.dataset import ShardRef
from schemas.index import INDEX_SCHEMA


def index_of(pages: Sequence[Candidate]) -> pa.Table:
    """The index of a shard that holds these pages."""
    rows = [
        {
            "key": page.key,
            "document": page.document,
            "members": [],
            "words": page.words,
            "tokens": None,
            "minhash": list(page.minhash),
            "phash": page.phash,
        }
        for page in pages
    ]
    return pa.Table.from_pylist(rows, schema=INDEX_SCHEMA)


def directory_of(*shards: Sequence[Candidate]) -> Directory:
    """The directory of pages that lie in these shards."""
    indexes = [index_of(pages) for pages in shards]
    refs = [ShardRef("gen-0000", f"pages-{i:06d}", len(pages)) for i, pages in enumerate(shards)]
    looked = [runs_of([page.document for page in pages]) for pages in shards]
    return Directory(plan_table(zip(refs, looked, strict=True)), lambda number: indexes[number])
