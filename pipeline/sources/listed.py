"""One thing to read: a file, or a member of a tar by where it lies."""

from __future__ import annotations

from dataclasses import dataclass, field

Record = tuple[str, ...]

TAR_SCHEME = "tar://"


@dataclass(frozen=True, slots=True)
class Listed:
    """One document that the inputs name.

    `stamp` is a short text that changes when the bytes do (size and time of a local file, ETag or size and time of
    an object), or "" where there is none. `offset` and `size` in bytes say where a member lies in its tar, and
    `words_offset` and `words_size` where the JSON beside it does; all four are None for a file. `whole_tar` says that
    all documents of its tar were listed with it, so that the tar need not be read again while its stamp stays.
    """

    uri: str
    stamp: str = ""
    offset: int | None = None
    size: int | None = None
    words_offset: int | None = None
    words_size: int | None = None
    whole_tar: bool = field(default=False, compare=False)

    def record(self) -> Record:
        """As texts that sort by the uri first."""
        numbers = (self.offset, self.size, self.words_offset, self.words_size)
        texts = ("" if number is None else str(number) for number in numbers)
        return (self.uri, self.stamp, *texts, "whole" if self.whole_tar else "")

    @classmethod
    def of(cls, record: Record) -> Listed:
        """What `record` made."""
        uri, stamp, *numbers, whole_tar = record
        offset, size, words_offset, words_size = (int(number) if number else None for number in numbers)
        return cls(uri, stamp, offset, size, words_offset, words_size, bool(whole_tar))


def member_uri(member: str, tar: str) -> str:
    """URI of a member of the tar at `tar`: `tar://<member>::<tar>`.

    Only what would make that ambiguous or unspeakable is written as %XX: a pair of colons, and bytes that are no
    UTF-8.
    """
    spelt = member.replace("::", "%3A%3A")
    if not spelt.isascii():
        spelt = "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in spelt)
    return f"{TAR_SCHEME}{spelt}::{tar}"


def tar_of(uri: str) -> str:
    """URI of the tar that the member `uri` lies in; ValueError where it is of no tar."""
    _, mark, tar = uri.removeprefix(TAR_SCHEME).partition("::")
    if not uri.startswith(TAR_SCHEME) or not mark or not tar:
        raise ValueError(f"not a member of a tar: {uri!r} (expected tar://MEMBER::TAR)")
    return tar
