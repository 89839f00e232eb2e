"""An object store as a source: prefixes walked in order, tars read by ranges, stamps from ETags."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.s3 import Server, serve

from jobs.inspect.lint.scope import list_files
from pipeline.places import UnknownPlaceError, file_system
from pipeline.shards.files import Store
from pipeline.sources import Listed, SourceError, list_inputs, read_source, truth_beside
from pipeline.sources.keys import keys_below, keys_matching

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


def test_a_key_with_two_colons_is_no_chain(server: Server, bucket: str) -> None:
    wanted = [f"{bucket}/{key}" for key in ("a.pdf", "a::/b.pdf", "a::b.pdf", "a::zip:/c.pdf", "zip::a.pdf")]
    for uri in wanted:
        server.put(uri, PDF + uri.encode())
    server.put(f"{bucket}/a::b.pdf.truth.json", b"{}")
    for inputs in ([bucket], [f"{bucket}/**"], wanted):
        found = list(list_inputs(inputs))
        assert [listed.uri for listed in found] == wanted
        assert [read_source(listed).data for listed in found] == [PDF + uri.encode() for uri in wanted]
    assert truth_beside(wanted[2]) == b"{}"
    store = Store(f"{bucket}/d::s")
    store.write("x.json", b"{}")
    assert list_files(store) == {"x.json": 2}
    with pytest.raises(
        UnknownPlaceError, match=r"'zip://\*\.pdf::.*/z::z/all\.zip' cannot be read as a file in a file"
    ):
        file_system(f"zip://*.pdf::{bucket}/z::z/all.zip")
    assert truth_beside(wanted[0]) is None


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


def test_a_prefix_of_many_pages_is_listed_whole_and_a_page_at_a_time(
    server: Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of three keys: what is asked for goes on where the last answer ended, and never holds more."""
    keys = sorted(f"{folder}{i:02}.pdf" for folder in ("", "a/", "a/b/", "a-b/") for i in range(5))
    for key in keys:
        server.put(f"{bucket}/{key}", PDF)
    fs = fsspec.filesystem("s3")
    monkeypatch.setattr(fs, "req_kw", {"MaxKeys": 3})
    answers: list[int] = []
    call = fs.call_s3

    def counted(*names: str, **options: object) -> dict[str, object]:
        answer: dict[str, list[object]] = call(*names, **options)
        answers.append(len(answer["Contents"]))
        return answer  # type: ignore[return-value]

    monkeypatch.setattr(fs, "call_s3", counted)
    assert [path for path, _ in keys_below(fs, bucket.removeprefix("s3://"))] == [f"{bucket[5:]}/{k}" for k in keys]
    assert answers == [3, 3, 3, 3, 3, 3, 2]
    found = [path for path, _ in keys_matching(fs, f"{bucket[5:]}/a*/0[12].pdf")]
    assert found == [f"{bucket[5:]}/{key}" for key in ("a-b/01.pdf", "a-b/02.pdf", "a/01.pdf", "a/02.pdf")]


@given(st.sets(st.text("ab/.-\u00e4", min_size=1, max_size=6), max_size=12), st.sampled_from(["", "a", "a/b"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_keys_come_as_folders_are_walked(server: Server, keys: set[str], folder: str) -> None:
    """The same documents in the same order as prefix by prefix, which is what every other store gets."""
    bucket = server.bucket()
    for key in keys:
        server.put(f"{bucket}/{key}x.pdf", PDF)
    fs, path = fsspec.filesystem("s3"), f"{bucket[5:]}/{folder}".rstrip("/")
    found = [fs.unstrip_protocol(name) for name, _ in keys_below(fs, path)]
    assert found == sorted(set(found))
    top = f"{folder}/" if folder else ""
    inside = [f"{key}x.pdf" for key in keys if f"{key}x.pdf".startswith(top)]
    seen = [key for key in inside if not any(part.startswith(".") for part in key[len(top) :].split("/"))]
    plain = {f"{bucket}/{key}" for key in seen if "" not in key[len(top) :].split("/")}
    assert {uri for uri in found if not uri.endswith("/")} == plain
    empty = [uri for uri in found if uri.endswith("//")]
    lost = [key for key in seen if "" in key[len(top) :].split("/")]
    assert all(any(f"{bucket}/{key}".startswith(uri) for uri in empty) for key in lost)
    assert bool(lost) == bool(empty)


def test_a_store_that_lists_out_of_order_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    fs = fsspec.filesystem("s3")
    page = {"Contents": [{"Key": "b.pdf"}, {"Key": "a.pdf"}]}
    monkeypatch.setattr(fs, "call_s3", lambda *_, **__: page)
    with pytest.raises(OSError, match=r"lists 'a\.pdf' after 'b\.pdf'"):
        list(keys_below(fs, "bucket"))


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
