"""Stores: names that stay inside, writes that are whole or absent, folders and URLs alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations
from hypothesis import given
from hypothesis import strategies as st

from pipeline.shards.files import Store, write_atomic


@pytest.fixture(params=["folder", "file-url", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind that needs no network."""
    url = {
        "folder": str(tmp_path / "data set"),
        "file-url": f"file://{tmp_path}/set",
        "memory": f"memory://{uuid.uuid4().hex}/set",
    }[request.param]
    made = Store(url)
    yield made
    if request.param == "memory" and not made.is_empty():
        fsspec.filesystem("memory").rm(made.root, recursive=True)


def test_what_is_written_is_read(store: Store) -> None:
    store.write("gen-0000/units/000000.json", b"0123456789")
    store.write("top", b"")
    assert store.read("gen-0000/units/000000.json") == b"0123456789"
    assert store.read_range("gen-0000/units/000000.json", 3, 4) == b"3456"
    assert store.read_range("gen-0000/units/000000.json", 10, 0) == b""
    assert store.size("gen-0000/units/000000.json") == 10
    assert store.size("top") == 0
    assert store.exists("top")
    assert not store.exists("gen-0000/units/000001.json")


def test_a_file_is_replaced_whole(store: Store) -> None:
    store.write("a", b"a long content")
    store.write("a", b"short")
    assert store.read("a") == b"short"


def test_a_range_beyond_the_end_names_the_file(store: Store) -> None:
    store.write("pages.tar", b"01234")
    for offset, size in ((0, 6), (4, 2), (9, 1)):
        with pytest.raises(ValueError, match=r"pages\.tar: ends at"):
            store.read_range("pages.tar", offset, size)


def test_what_is_absent_is_a_file_not_found(store: Store) -> None:
    for ask in (store.read, store.size, lambda name: store.read_range(name, 0, 1)):
        with pytest.raises(FileNotFoundError):
            ask("absent")


def test_a_list_is_sorted_and_of_files_alone(store: Store) -> None:
    assert store.is_empty()
    assert store.list("units") == []
    for name in ("b.json", "a.json", "deeper/c.json"):
        store.write(f"units/{name}", b"x")
    store.write("units-of-others", b"x")
    assert store.list("units") == ["a.json", "b.json"]
    assert not store.is_empty()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../x",
        "a/..",
        ".",
        "a//b",
        "a/",
        "/",
        "a\\..\\b",
        "a b",
        ".hidden",
        "a\n",
        "~",
        "-x",
    ],
)
def test_names_that_could_lead_elsewhere_are_refused(store: Store, name: str) -> None:
    for ask in (store.read, store.exists, store.size, lambda name: store.write(name, b""), store.list):
        with pytest.raises(ValueError, match="not a name inside a dataset"):
            ask(name)


@given(st.text(st.sampled_from("ab./\\~-_ \n\0%"), max_size=8))
def test_any_name_that_is_taken_stays_inside(name: str) -> None:
    root = Path("/data/set")
    try:
        path = Store(str(root)).local_path(name)
    except ValueError:
        return
    assert path is not None
    assert root in path.resolve().parents
    assert path.resolve() == path


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomic(tmp_path / "kept", "no bytes")  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"kept": b"old"}


def test_a_write_onto_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "name", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_what_a_cut_off_write_has_left_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / ".dataset.json.0123abcd.tmp").write_bytes(b"{")
    store = Store(str(tmp_path))
    assert store.is_empty()
    (tmp_path / "thesis.tmp").write_bytes(b"")
    assert not store.is_empty()


def test_temporary_files_are_not_listed(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("units/000000.json", b"{}")
    (tmp_path / "units" / ".000001.json.0123abcd.tmp").write_bytes(b"{")
    assert store.list("units") == ["000000.json"]


def test_a_file_is_no_place_for_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="is a file, expected a folder"):
        Store(str(tmp_path / "file")).is_empty()


@pytest.mark.parametrize(
    ("url", "message"),
    [("", "must not be empty"), ("nothing-of-the-kind://x/y", "Protocol not known"), ("hdfs-of-old://x", "Protocol")],
)
def test_places_that_are_unknown_are_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Store(url)


def test_a_library_that_is_missing_is_the_users_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {"class": "no_such_library.FileSystem", "err": "Install no_such_library"}
    monkeypatch.setitem(known_implementations, "faraway", needs)
    with pytest.raises(ValueError, match="faraway:// needs another package: Install no_such_library"):
        Store("faraway://bucket/set")


def test_relative_folders_and_home_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store("x/y").url == Store("./x/y/").url == Store("~/x/y").url == str(tmp_path / "x" / "y")
    assert Store("a::b").url == str(tmp_path / "a::b"), "no chain of file systems without ://"


class _Remembering(MemoryFileSystem):
    """Remembers what it has listed, as clients of object stores do: each process has its own memory."""

    protocol = "remembering"
    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012 - shared on purpose: the bucket

    def ls(self, path: str, detail: bool = True, **more: Any) -> Any:
        if path not in self.dircache:
            self.dircache[path] = super().ls(path, detail=True, **more)
        return self.dircache[path] if detail else [entry["name"] for entry in self.dircache[path]]

    def invalidate_cache(self, path: str | None = None) -> None:
        self.dircache.clear()


def test_what_another_process_wrote_is_seen() -> None:
    fsspec.register_implementation("remembering", _Remembering, clobber=True)
    driver, worker = Store("remembering://bucket/set"), Store("remembering://bucket/set")
    worker.write("units/000000.json", b"{}")
    assert driver.list("units") == ["000000.json"]
    worker.write("units/000001.json", b"{}")
    assert driver.list("units") == ["000000.json", "000001.json"]
    assert driver.exists("units/000001.json")
