"""Stores: names that stay inside, writes that are whole or absent, folders and URLs alike."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations
from hypothesis import given, settings
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


def test_a_file_that_there_is_no_room_for_is_named(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match=f"File too large: '{tmp_path}/name'"):
            write_atomic(tmp_path / "name", b"more than ten bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("{here}/a/b", "{here}/a", True),
        ("{here}/a", "{here}/a/", True),
        ("{here}/a", "/", True),
        ("{here}/link/b", "{here}/a", True),
        ("{here}/a/b", "{here}/link", True),
        ("file://{here}/a/b", "{here}/link", True),
        ("{here}/a/b", "file://{here}/a", True),
        ("{here}/ab", "{here}/a", False),
        ("{here}/a", "{here}/a/b", False),
        ("memory://{here}/a/b", "memory://{here}/a", True),
        ("memory://{here}/ab", "memory://{here}/a", False),
        ("memory://{here}/a/b", "{here}/a", False),
        ("{here}/a/b", "memory://{here}/a", False),
    ],
)
def test_what_lies_in_what(tmp_path: Path, inner: str, outer: str, inside: bool) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert Store(inner.format(here=tmp_path)).lies_in(outer.format(here=tmp_path)) is inside


def test_what_another_process_wrote_is_seen() -> None:
    fsspec.register_implementation("remembering", _Remembering, clobber=True)
    driver, worker = Store("remembering://bucket/set"), Store("remembering://bucket/set")
    worker.write("units/000000.json", b"{}")
    assert driver.list("units") == ["000000.json"]
    worker.write("units/000001.json", b"{}")
    assert driver.list("units") == ["000000.json", "000001.json"]
    assert driver.exists("units/000001.json")


def test_what_is_removed_is_gone(store: Store) -> None:
    store.write("units/a.json", b"x")
    store.remove("units/a.json")
    store.remove("units/a.json")
    assert not store.exists("units/a.json")
    assert store.list("units") == []


def test_a_folder_goes_with_all_that_is_in_it(store: Store) -> None:
    for name in ("gen/units/a.json", "gen/b.tar", "gene/c.tar"):
        store.write(name, b"x")
    store.remove_folder("gen")
    store.remove_folder("gen")
    assert not store.exists("gen")
    assert store.list("gene") == ["c.tar"]


def test_a_name_that_looks_like_a_pattern_is_none() -> None:
    here, other = (Store(f"memory://{uuid.uuid4().hex}/{name}/set") for name in ("run[1]", "run1"))
    other = Store(here.url.replace("run[1]", "run1"))
    for store in (here, other):
        store.write("gen/a.tar", b"x")
    here.remove_folder("gen")
    assert not here.exists("gen/a.tar")
    assert other.exists("gen/a.tar")


@given(st.lists(st.binary(max_size=9), max_size=80))
@settings(max_examples=20, deadline=None)
def test_many_come_in_their_order(contents: list[bytes]) -> None:
    for url in (f"memory://{uuid.uuid4().hex}/set", tempfile.mkdtemp()):
        store = Store(url)
        names = [f"units/{i:06d}.json" for i in range(len(contents))]
        for name, content in zip(names, contents):
            store.write(name, content)
        assert list(store.read_many(names)) == contents
        if store.local:
            shutil.rmtree(url)


def test_many_with_one_that_is_absent(store: Store) -> None:
    store.write("a", b"x")
    with pytest.raises(FileNotFoundError):
        list(store.read_many(["a", "b", "a"]))


class _Stumbling(MemoryFileSystem):
    """Fails as often as `faults` says before it does what it is asked."""

    protocol = "stumbling"
    cachable = False
    faults: list[Exception] = []  # noqa: RUF012 - shared on purpose: the network

    def _stumble(self) -> None:
        if self.faults:
            raise self.faults.pop()

    def cat_file(self, *arguments: Any, **more: Any) -> Any:
        self._stumble()
        return super().cat_file(*arguments, **more)

    def pipe_file(self, *arguments: Any, **more: Any) -> Any:
        self._stumble()
        return super().pipe_file(*arguments, **more)

    def info(self, *arguments: Any, **more: Any) -> Any:
        self._stumble()
        return super().info(*arguments, **more)

    def ls(self, *arguments: Any, **more: Any) -> Any:
        self._stumble()
        return super().ls(*arguments, **more)

    def rm_file(self, *arguments: Any, **more: Any) -> Any:
        self._stumble()
        return super().rm_file(*arguments, **more)


@pytest.fixture
def stumbling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store behind a network that stumbles; pauses are short."""
    monkeypatch.setattr("pipeline.places.PAUSES", (0.001, 0.001, 0.001))
    fsspec.register_implementation("stumbling", _Stumbling, clobber=True)
    made = Store(f"stumbling://{uuid.uuid4().hex}/set")
    yield made
    _Stumbling.faults.clear()
    if not made.is_empty():
        fsspec.filesystem("stumbling").rm(made.root, recursive=True)


ASKS: dict[str, Callable[[Store], object]] = {
    "write": lambda store: store.write("units/b.json", b"b"),
    "read": lambda store: store.read("units/a.json"),
    "range": lambda store: store.read_range("units/a.json", 1, 2),
    "many": lambda store: list(store.read_many(["units/a.json"])),
    "size": lambda store: store.size("units/a.json"),
    "exists": lambda store: store.exists("units/a.json"),
    "list": lambda store: store.list("units"),
    "is_empty": lambda store: store.is_empty(),
    "remove": lambda store: store.remove("units/a.json"),
}


@pytest.mark.parametrize("ask", ASKS)
def test_stumbles_are_waited_out(stumbling: Store, ask: str) -> None:
    stumbling.write("units/a.json", b"0123")
    expected = ASKS[ask](stumbling)
    stumbling.write("units/a.json", b"0123")
    _Stumbling.faults[:] = [ConnectionResetError("reset"), TimeoutError("late"), OSError(errno.EBUSY, "slow down")]
    assert ASKS[ask](stumbling) == expected
    assert _Stumbling.faults == []


@pytest.mark.parametrize("ask", ASKS)
def test_a_store_that_stays_away_is_an_error_and_never_an_absence(stumbling: Store, ask: str) -> None:
    stumbling.write("units/a.json", b"0123")
    _Stumbling.faults[:] = [ConnectionResetError("reset by peer") for _ in range(20)]
    with pytest.raises(OSError, match="reset by peer") as caught:
        ASKS[ask](stumbling)
    assert not isinstance(caught.value, FileNotFoundError)
    assert stumbling.url in str(caught.value)
    assert len(_Stumbling.faults) == 20 - 4


@pytest.mark.parametrize("ask", ASKS)
def test_what_will_not_pass_is_not_asked_again(stumbling: Store, ask: str) -> None:
    _Stumbling.faults[:] = [PermissionError("not yours") for _ in range(20)]
    with pytest.raises(PermissionError, match="not yours"):
        ASKS[ask](stumbling)
    assert len(_Stumbling.faults) == 19


def test_a_scratch_file_counts_for_nothing_and_goes(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "new" / "set"))
    with store.scratch() as (path, data):
        assert path.read_bytes() == data
        assert len(data) == 32
        assert store.is_empty()
    assert list(tmp_path.iterdir()) == []
    store.write("a", b"x")
    with pytest.raises(KeyError), store.scratch():
        raise KeyError
    assert [path.name for path in (tmp_path / "new" / "set").iterdir()] == ["a"]


def test_folders_that_others_use_by_then_stay(tmp_path: Path) -> None:
    with Store(str(tmp_path / "new" / "set")).scratch():
        (tmp_path / "new" / "theirs").write_bytes(b"")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["theirs"]


def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("gen-0000/units/000000.json", b"{}")
    old = [
        tmp_path / "gen-0000" / ".pages-000000.tar.0123abcd.tmp",
        tmp_path / "gen-0000/units/.000001.json.00000000.tmp",
        tmp_path / ".dataset.json.0123abcd.tmp",
    ]
    others = [tmp_path / "gen-0000" / name for name in (".notes.tmp", "x.0123abcd.tmp", ".a.0123ABCD.tmp")]
    outside = tmp_path / "gen-0002" / ".dataset.json.0123abcd.tmp"
    outside.parent.mkdir()
    for path in (*old, *others, outside):
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    begun = store.now()
    assert abs(begun - time.time()) < 60
    late = tmp_path / "gen-0000" / ".pages-000001.tar.0123abcd.tmp"
    late.write_bytes(b"being written")
    assert store.sweep("gen-0000", begun) == 3
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in (*others, outside, late))
    assert store.list("gen-0000/units") == ["000000.json"]
    assert store.sweep("gen-0001", begun) == 0


def test_behind_a_url_nothing_is_left_to_be_swept() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}/set")
    assert store.now() == 0
    assert store.sweep("gen-0000", 1e12) == 0


def test_a_forked_process_sees_the_same(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("a", b"x")
    child = os.fork()
    if not child:
        os._exit(0 if store.read("a") == b"x" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
