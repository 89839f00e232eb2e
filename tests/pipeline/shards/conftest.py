"""Shards made by hand: small pictures, small records."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from pipeline.shards.hashes import minhash
from pipeline.shards.tar import SampleFacts, ShardBuilder

DOCUMENT = "0123456789abcdef"


def picture(kind: str, grey: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (40, 30), grey).save(sink, kind)
    return sink.getvalue()


def fill(samples: int) -> ShardBuilder:
    """A builder with samples that have a picture (JPEG and PNG by turns) and a record."""
    builder = ShardBuilder()
    for i in range(samples):
        name, kind = ("png", "PNG") if i % 2 else ("jpg", "JPEG")
        record = b'{"number":%d,"words":"%s"}' % (i, b"x" * (i * 300))
        facts = SampleFacts(document=DOCUMENT, words=i, minhash=minhash([str(i)]), phash=2**64 - 1 - i)
        builder.add(f"{DOCUMENT}-{i:05d}", [(name, picture(kind, 40 * i)), ("json", record)], facts)
    return builder


@pytest.fixture(scope="session")
def filled() -> Callable[[int], ShardBuilder]:
    """`filled(3)`: a builder with three samples."""
    return fill
