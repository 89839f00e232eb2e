"""An object store as a source: prefixes walked in order, tars read by ranges, stamps from ETags."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import fsspec
import pytest
from support.s3 import Server, serve

from pipeline.sources import Listed, SourceError, list_inputs, read_source, truth_beside

PDF = b"%PDF-1.4 "


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.env.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3").clear_instance_cache()
        yield running
        fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def bucket(server: Server) -> str:
    return server.bucket()


def test_a_prefix_is_walked_in_the_order_of_its_keys(server: Server, bucket: str) -> None:
    keys = [
        "a/x.pdf",
        "a-b/x.pdf",
        "a-b.pdf",
        "a.pdf",
        "a/b/c.PNG",
        "a/.h/x.pdf",
        "a/._x.pdf",
        "a/x.txt",
        "b c/\u00e4#1.pdf",
    ]
    for key in keys:
        server.put(f"{bucket}/{key}", PDF + key.encode())
    server.put(f"{bucket}/a/", b"")  # what consoles write where somebody makes a folder
    wanted = [
        f"{bucket}/{key}" for key in ("a-b.pdf", "a-b/x.pdf", "a.pdf", "a/b/c.PNG", "a/x.pdf", "b c/\u00e4#1.pdf")
    ]
    assert [listed.uri for listed in list_inputs([bucket])] == wanted
    found = list(list_inputs([f"{bucket}/", f"{bucket}/a", f"{bucket}/a/*.pdf", wanted[0]]))
    assert [listed.uri for listed in found] == wanted
    assert [read_source(listed).data for listed in found] == [PDF + uri[len(bucket) + 1 :].encode() for uri in wanted]
    assert truth_beside(wanted[0]) is None


def test_keys_with_an_empty_part_are_not_lost_in_silence(server: Server, bucket: str) -> None:
    server.put(f"{bucket}/a/x.pdf", PDF)
    server.put(f"{bucket}/a//y.pdf", PDF)
    found = list(list_inputs([f"{bucket}/a"]))
    assert [listed.uri for listed in found] == [f"{bucket}/a//", f"{bucket}/a/x.pdf"]
    with pytest.raises(SourceError, match="unreadable"):
        read_source(found[0])


def test_stamps_are_etags_however_an_object_is_named(server: Server, bucket: str) -> None:
    server.put(f"{bucket}/a.pdf", PDF)
    [before] = list_inputs([bucket])
    assert before.stamp
    assert [before] == list(list_inputs([f"{bucket}/a.pdf"])) == list(list_inputs([f"{bucket}/*.pdf"]))
    server.put(f"{bucket}/a.pdf", PDF + b"2")
    [after] = list_inputs([bucket])
    assert before.stamp != after.stamp
    assert read_source(after).data == PDF + b"2"


def test_members_of_a_tar_are_read_by_ranges(server: Server, bucket: str, tar_of_members: Callable[..., bytes]) -> None:
    members = [(f"{i:04}.pdf", PDF + str(i).encode() + bytes(50_000)) for i in range(12)] + [("0003.json", b"{}")]
    data = tar_of_members(members, tarfile.GNU_FORMAT)
    server.put(f"{bucket}/x.tar", data)
    server.put(f"{bucket}/cut.tar", data[:200_000])
    found = list(list_inputs([bucket]))
    assert found[0].uri == f"{bucket}/cut.tar"
    whole = [listed for listed in found if listed.uri.endswith("/x.tar")]
    assert [read_source(listed).data for listed in whole] == [body for _, body in members[:12]]
    assert read_source(whole[3]).words == b"{}"
    assert len(found) == 1 + 3 + 12
    assert io.BytesIO(read_source(found[1]).data).read(9) == PDF


def test_what_is_not_there(server: Server, bucket: str) -> None:
    server.put(f"{bucket}/empty.pdf", b"")
    for url in (f"{bucket}/absent.pdf", f"{bucket}/absent/", f"{bucket}-absent"):
        with pytest.raises(ValueError, match="no such file or folder"):
            list_inputs([url])
    with pytest.raises(SourceError, match="unreadable"):
        read_source(Listed(f"{bucket}/absent.pdf"))
    with pytest.raises(SourceError, match="empty-file"):
        read_source(Listed(f"{bucket}/empty.pdf"))
