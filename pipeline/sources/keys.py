"""Keys of an S3 bucket a thousand at a time, as the store sorts them: a prefix of any size in flat memory."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from fsspec.utils import glob_translate

from pipeline.places import patiently
from pipeline.sources.formats import is_listed

_MAGIC = re.compile(r"[*?\[]")


class Key(NamedTuple):
    """A key of a bucket; `entry` is what the store says of it."""

    name: str
    entry: dict[str, Any]


def has_sorted_keys(fs: Any, path: str) -> bool:
    """Whether the file system is S3's and the bucket lists its keys in their order: a directory bucket does not."""
    bucket = path.strip("/").split("/", 1)[0]
    plain = bool(bucket) and not _MAGIC.search(bucket) and not bucket.endswith("--x-s3")
    return plain and hasattr(fs, "call_s3") and not getattr(fs, "version_aware", False)


def keys_below(fs: Any, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, what the store says of it) of the documents below a prefix, by path; nothing hidden.

    Keys with an empty part, as in `a//x.pdf`, which no path leads to, are given once as the prefix `a//`.
    """
    bucket, _, prefix = folder.strip("/").partition("/")
    prefix = f"{prefix}/" if prefix else ""
    empty = ""
    for key in _keys(fs, bucket, prefix):
        *folders, last = key.name[len(prefix) :].split("/")
        if not is_listed(last) or any(part.startswith(".") for part in folders):
            continue
        if "" not in folders:
            yield f"{bucket}/{key.name}", key.entry
            continue
        before = prefix + "".join(f"{part}/" for part in folders[: folders.index("")]) + "/"
        if before != empty:
            empty = before
            yield f"{bucket}/{before}", {}


def keys_matching(fs: Any, pattern: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, what the store says of it) of the documents that a pattern of fsspec's matches, by path."""
    bucket, _, rest = pattern.partition("/")
    matches = re.compile(glob_translate(pattern)).match
    for key in _keys(fs, bucket, _MAGIC.split(rest, maxsplit=1)[0]):
        path = f"{bucket}/{key.name}"
        if is_listed(path) and matches(path):
            yield path, key.entry


def _keys(fs: Any, bucket: str, prefix: str) -> Iterator[Key]:
    last, token = "", None
    while True:
        more: dict[str, str] = {"ContinuationToken": token} if token else {}
        call = partial(fs.call_s3, "list_objects_v2", Bucket=bucket, Prefix=prefix, **more, **fs.req_kw)
        page = patiently(f"s3://{bucket}/{prefix}", call)
        for entry in page.get("Contents", []):
            if entry["Key"] < last:
                raise OSError(errno.EREMOTEIO, f"the store lists {entry['Key']!r} after {last!r}", f"s3://{bucket}")
            last = entry["Key"]
            yield Key(last, entry)
        token = page.get("NextContinuationToken") if page.get("IsTruncated") else None
        if token is None:
            return
