"""Tars as inputs: their documents by where they lie, and nothing lost where one is damaged."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import Listed, SourceError, list_inputs, read_source, sorting, truth_beside
from pipeline.sources.listed import member_uri, tar_of
from schemas.manifest import Reason

MakeTar = Callable[..., Path]
PDF, TIFF, PNG = b"%PDF-1.4 ", b"II*\0", b"\x89PNG\r\n\x1a\n"


def names(listed: list[Listed]) -> list[str]:
    """Member names, and the names of plain files."""
    return [one.uri.removeprefix("tar://").partition("::")[0].rsplit("/", 1)[-1] for one in listed]


def test_the_documents_of_a_tar_are_given_in_order_and_read(tmp_path: Path, make_tar: MakeTar) -> None:
    members = [("b.pdf", PDF + b"b"), ("notes.txt", b"x"), ("d/a.PNG", PNG), (".hidden.pdf", PDF), (".git/x.pdf", PDF)]
    tar = make_tar("all.tar", [*members, ("./a.pdf", PDF + b"a")])
    found = list(list_inputs([str(tmp_path)]))
    assert [one.uri for one in found] == [f"tar://{name}::{tar}" for name in ("./a.pdf", "b.pdf", "d/a.PNG")]
    assert [read_source(one).data for one in found] == [PDF + b"a", PDF + b"b", PNG]
    assert {one.stamp for one in found} == {f"{tar.stat().st_size}-{tar.stat().st_mtime_ns}"}
    assert [read_source(one).uri for one in found] == [one.uri for one in found]
    assert truth_beside(found[0].uri) is None


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_known_by_its_bytes(tmp_path: Path, make_tar: MakeTar, form: int) -> None:
    tar = make_tar("scans", [("a.pdf", PDF)], form)
    for inputs in ([str(tar)], [f"{tmp_path}/sc*s", str(tar)]):
        assert [one.uri for one in list_inputs(inputs)] == [f"tar://a.pdf::{tar}"]
    (tmp_path / "x.tar").write_bytes(PDF)
    [listed] = list_inputs([str(tmp_path)])
    assert read_source(listed).data == PDF, "whatever it is called"


def test_members_of_several_tars_and_files_are_one_order(tmp_path: Path, make_tar: MakeTar) -> None:
    make_tar("1.tar", [("a.pdf", PDF), ("c.pdf", PDF)])
    make_tar("2.tar", [("b.pdf", PDF), ("a.pdf", PDF)])
    (tmp_path / "z.pdf").write_bytes(PDF)
    memory, root = fsspec.filesystem("memory"), f"memory:///{uuid.uuid4().hex}"
    memory.pipe_file(f"{root}/3.tar", (tmp_path / "1.tar").read_bytes())
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("d.pdf", PDF)
        archive.writestr("4.tar", (tmp_path / "2.tar").read_bytes())
    found = list(list_inputs([str(tmp_path), root, f"zip://::{tmp_path}/all.zip"]))
    uris = [one.uri for one in found]
    assert uris == sorted(uris)
    assert names(found) == ["z.pdf", "a.pdf", "a.pdf", "a.pdf", "a.pdf", "b.pdf", "b.pdf", "c.pdf", "c.pdf", "d.pdf"]
    assert {read_source(one).data for one in found} == {PDF}
    memory.rm(root, recursive=True)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab-./:%#0\u00e9\n", max_size=5).map(lambda name: f"x{name}y.pdf"), min_size=1, max_size=6),
        max_size=4,
    ),
    st.integers(1, 9),
)
def test_any_members_are_given_once_each_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    tar_of_members: Callable[..., bytes],
    tars: list[list[str]],
    chunk: int,
) -> None:
    folder = tmp_path_factory.mktemp("tars")
    wanted: list[bytes] = []
    for number, members in enumerate(tars):
        bodies = [PDF + f"{number}/{i}".encode() for i in range(len(members))]
        hidden = [any(part.startswith(".") and part not in (".", "..") for part in name.split("/")) for name in members]
        wanted += [body for body, out in zip(bodies, hidden) if not out]
        (folder / f"{number}::.tar").write_bytes(tar_of_members(zip(members, bodies)))
    (folder / "z.pdf").write_bytes(PDF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "CHUNK", chunk)
        found = list(list_inputs([str(folder)]))
    assert [one.uri for one in found] == sorted({one.uri for one in found})
    assert sorted(read_source(one).data for one in found) == sorted([PDF, *wanted])


def test_two_members_of_one_name_are_told_apart(make_tar: MakeTar) -> None:
    tar = make_tar("all.tar", [("a.pdf", PDF + b"1"), ("a::b.pdf", PDF), ("a%3A%3Ab.pdf", PDF), ("a.pdf", PDF + b"2")])
    found = list(list_inputs([str(tar)]))
    assert [one.uri for one in found] == [
        f"tar://a%3A%3Ab.pdf#2::{tar}",
        f"tar://a%3A%3Ab.pdf::{tar}",
        f"tar://a.pdf#2::{tar}",
        f"tar://a.pdf::{tar}",
    ]
    assert [read_source(one).data[-1:] for one in found[2:]] == [b"2", b"1"]


def test_uris_lead_back_to_their_tar() -> None:
    for tar in ("/data/a::b.tar", "s3://b/x.tar", "zip://x.tar::/data/all.zip", "/d/\udcff.tar"):
        for member in ("a.pdf", "a::b.pdf", "a:::b.pdf", "\udcff.pdf", "x/tar://y.pdf"):
            uri = member_uri(member, tar)
            assert tar_of(uri) == tar
            assert uri.partition("::")[0].encode(), "it can be written down"
    for wrong in ("/data/x.tar", "tar://a.pdf", "tar://a.pdf::"):
        with pytest.raises(ValueError, match="not a member of a tar"):
            tar_of(wrong)


@pytest.mark.parametrize("keep", [700, 1024, 1536, 2048, 3000])
def test_a_damaged_tar_gives_what_is_good_and_itself(tmp_path: Path, make_tar: MakeTar, keep: int) -> None:
    tar = make_tar("all.tar", [("a.pdf", PDF), ("b.pdf", PDF * 60)])
    tar.write_bytes(tar.read_bytes()[:keep])
    first, *members = list_inputs([str(tmp_path)])
    assert first.uri == str(tar)
    assert names(members) == (["a.pdf", "b.pdf"] if keep == 3000 else ["a.pdf"])
    with pytest.raises(SourceError, match="a tar that is damaged or cut") as caught:
        read_source(first)
    assert caught.value.reason is Reason.DAMAGED
    with pytest.raises(SourceError, match="damaged"):
        read_source(first, max_bytes=100)
    assert all(read_source(one).data.startswith(PDF) for one in members)


def test_a_tar_that_got_shorter_since_is_a_change(tmp_path: Path, make_tar: MakeTar) -> None:
    tar = make_tar("all.tar", [("a.pdf", PDF), ("b.pdf", PDF)])
    found = list(list_inputs([str(tar)]))
    tar.write_bytes(tar.read_bytes()[:1024])
    assert read_source(found[0]).data == PDF
    with pytest.raises(SourceError) as caught:
        read_source(found[1])
    assert caught.value.reason is Reason.CHANGED
    tar.unlink()
    with pytest.raises(SourceError, match="unreadable: No such file"):
        read_source(found[0])


def test_many_tars_among_files_come_in_order(tmp_path: Path, make_tar: MakeTar) -> None:
    """More than are read at a time, every third one cut, so that it stands among the files itself."""
    for i in range(80):
        tar = make_tar(f"{i:03}.tar", [(f"{i}.pdf", PDF), (f"{79 - i}.png", PNG)])
        if i % 3 == 0:
            tar.write_bytes(tar.read_bytes()[:1536])
        (tmp_path / f"{i:03}.pdf").write_bytes(PDF)
    found = [one.uri for one in list_inputs([str(tmp_path)])]
    assert found == sorted(found)
    files = [uri for uri in found if not uri.startswith("tar://")]
    cut = [str(tmp_path / f"{i:03}.tar") for i in range(0, 80, 3)]
    assert files == sorted([str(tmp_path / f"{i:03}.pdf") for i in range(80)] + cut)
    assert len(found) == 80 + len(cut) + 2 * 80 - len(cut), "of a cut one, what comes before the cut"


def test_members_have_the_limit_of_files(make_tar: MakeTar) -> None:
    [listed] = list_inputs([str(make_tar("all.tar", [("a.pdf", PDF)]))])
    assert len(read_source(listed, max_bytes=9).data) == 9
    with pytest.raises(SourceError) as caught:
        read_source(listed, max_bytes=8)
    assert caught.value.reason is Reason.TOO_LARGE


def test_compressed_tars_are_not_opened_and_not_overlooked(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tgz", "c.TAR.XZ"):
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("a.pdf"), io.BytesIO())
    found = list(list_inputs([str(tmp_path)]))
    assert names(found) == ["a.tar.gz", "b.tgz", "c.TAR.XZ"]
    for one in found:
        with pytest.raises(SourceError) as caught:
            read_source(one)
        assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_tars_in_tars_are_not_opened_and_not_overlooked(tmp_path: Path, make_tar: MakeTar) -> None:
    inner = make_tar("inner.tar", [("a.pdf", PDF)]).read_bytes()
    make_tar("outer.tar", [("in/inner.tar", inner), ("b.pdf", PDF), ("x.tar.gz", b"\x1f\x8b")])
    (tmp_path / "inner.tar").unlink()
    found = list(list_inputs([str(tmp_path)]))
    assert names(found) == ["b.pdf", "inner.tar", "x.tar.gz"]
    for archive in found[1:]:
        with pytest.raises(SourceError) as caught:
            read_source(archive)
        assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_a_tar_of_no_documents_and_a_file_of_zeros(tmp_path: Path, make_tar: MakeTar) -> None:
    make_tar("texts.tar", [("a.txt", b"x")])
    with pytest.raises(ValueError, match="no documents"):
        list_inputs([str(tmp_path)])
    make_tar("empty.tar", [])
    [listed] = list_inputs([str(tmp_path)])
    with pytest.raises(SourceError, match="unsupported-format"):
        read_source(listed)


def test_members_can_be_named(tmp_path: Path, make_tar: MakeTar) -> None:
    tar = make_tar("all.tar", [("a[1].pdf", PDF), ("b1.pdf", PDF), ("b2.pdf", PDF), ("c.pdf", PDF)])
    assert names(list(list_inputs([f"tar://a[1].pdf::{tar}", f"tar://b*::{tar}"]))) == ["a[1].pdf", "b1.pdf", "b2.pdf"]
    assert list(list_inputs([f"tar://c.pdf::{tar}"])) == list(list_inputs([str(tar)]))[3:]
    [missing] = list_inputs([f"tar://x.pdf::{tar}"])
    with pytest.raises(SourceError, match="unreadable: no such member"):
        read_source(missing)
    for wrong in (f"tar://a.pdf::{tmp_path}/absent.tar", f"tar://a.pdf::{tmp_path}", "tar://a.pdf"):
        with pytest.raises(ValueError, match=r"no such file|is no tar|not a member"):
            list_inputs([wrong])


def test_what_is_named_like_a_tar_and_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.tar")
    (tmp_path / "y.tar").symlink_to(tmp_path / "absent")
    assert names(list(list_inputs([str(tmp_path)]))) == ["x.tar", "y.tar"]
    assert names(list(list_inputs([str(tmp_path / "x.tar")]))) == ["x.tar"]


# What document WebDatasets hold: {key}.pdf or .tif, {key}.json and {key}.ocr.
SAMPLE = [("0001.json", b'{"pages": []}'), ("0001.ocr", b"text"), ("0001.pdf", PDF), ("0001.tif", TIFF)]


def test_a_sample_of_a_document_webdataset_is_one_document_with_its_words(make_tar: MakeTar) -> None:
    others = [("0002.TIF", TIFF), ("0002.json", b"{}"), ("0003.pdf", PDF), ("d/0001.png", PNG), ("d/0001.JSON", b"[]")]
    found = list(list_inputs([str(make_tar("0.tar", SAMPLE + others))]))
    assert [one.uri.partition("::")[0] for one in found] == [
        "tar://0001.pdf",
        "tar://0002.TIF",
        "tar://0003.pdf",
        "tar://d/0001.png",
    ]
    assert [read_source(one).words for one in found] == [b'{"pages": []}', b"{}", None, None]


def test_extensions_begin_at_the_first_dot(make_tar: MakeTar) -> None:
    members = [
        ("a.json", b"{}"),
        ("a.b.pdf", PDF),
        ("a.0.png", PNG),
        ("a.1.png", PNG),
        ("x.y/c.pdf", PDF),
        ("x.json", b"{}"),
    ]
    found = list(list_inputs([str(make_tar("0.tar", members))]))
    assert names(found) == ["a.0.png", "a.1.png", "a.b.pdf", "c.pdf"]
    assert {read_source(one).words for one in found} == {None}


def test_samples_of_one_key_keep_to_their_own_words(make_tar: MakeTar) -> None:
    members = [("a.pdf", PDF), ("a.json", b"1"), ("a.pdf", PDF), ("a.json", b"2"), ("a.pdf", PDF)]
    found = {
        one.uri.partition("::")[0]: read_source(one).words for one in list_inputs([str(make_tar("0.tar", members))])
    }
    assert found == {"tar://a.pdf": b"1", "tar://a.pdf#2": b"2", "tar://a.pdf#3": None}


def test_words_are_read_up_to_their_limit(make_tar: MakeTar, monkeypatch: pytest.MonkeyPatch) -> None:
    [listed] = list_inputs([str(make_tar("0.tar", SAMPLE))])
    monkeypatch.setattr("pipeline.sources.read.MAX_JSON_BYTES", 12)
    assert read_source(listed).words is None
    monkeypatch.setattr("pipeline.sources.read.MAX_JSON_BYTES", 13)
    assert read_source(listed).words == b'{"pages": []}'


def test_a_tar_of_many_members_is_listed_quickly_and_in_little_memory(tmp_path: Path, make_tar: MakeTar) -> None:
    tar = make_tar("many.tar", ((f"{i * 7919 % 5_000:05}.pdf", PDF) for i in range(5_000)), tarfile.USTAR_FORMAT)
    code = (
        "import resource, sys; from pipeline.sources import list_inputs;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; n = sum(1 for _ in list_inputs(sys.argv[1:]));"
        "print(n, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tar)], capture_output=True, text=True, check=True, timeout=60
    )
    count, grown = map(int, done.stdout.split())
    assert (count, grown < 20) == (5_000, True), f"{grown} MiB"
