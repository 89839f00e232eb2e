"""The index beside each shard: where each sample's members lie, and what is needed to choose among samples."""

from __future__ import annotations

import pyarrow as pa

MINHASH_SIZE = 64

MEMBER = pa.struct(
    [
        pa.field("name", pa.string(), nullable=False),  # what follows the key and its dot: "jpg", "json", "tia.npy"
        pa.field("offset", pa.int64(), nullable=False),  # of the member's bytes, not of its header
        pa.field("size", pa.int64(), nullable=False),
        pa.field("sha256", pa.binary(32), nullable=False),
    ]
)

INDEX_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("members", pa.list_(MEMBER), nullable=False),
        pa.field("words", pa.int32(), nullable=False),
        pa.field("tokens", pa.int32()),  # training shards only
        pa.field("minhash", pa.list_(pa.uint32(), MINHASH_SIZE), nullable=False),  # of the page's word 5-grams
        pa.field("phash", pa.uint64(), nullable=False),  # 64-bit perceptual hash of the page's picture
    ]
)
