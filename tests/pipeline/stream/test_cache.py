"""The cache of remote shards: whole files under their hash, a limit that holds, several processes at once."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.shards.files import Store
from pipeline.stream import cache as module
from pipeline.stream.cache import ShardCache


def _data(number: int, size: int = 1000) -> bytes:
    return bytes([number % 256]) * size


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Twenty files of a thousand bytes behind a URL."""
    made = Store("memory://cache-tests")
    for number in range(20):
        made.write(f"{number}.tar", _data(number))
    yield made
    fsspec.filesystem("memory").rm("/cache-tests", recursive=True)


def _get(cache: ShardCache, store: Store, number: int, size: int = 1000) -> bytes | None:
    data = _data(number, size)
    found = cache.open(store, f"{number}.tar", size, hashlib.sha256(data).hexdigest())
    if found is None:
        return None
    with os.fdopen(found, "rb") as file:
        return file.read()


def _copies(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def test_a_file_is_fetched_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ShardCache(tmp_path / "cache", 5000)
    assert _get(cache, store, 3) == _data(3)
    monkeypatch.setattr(Store, "read_range", lambda *_: pytest.fail("fetched again"))
    assert _get(cache, store, 3) == _data(3)
    assert _copies(tmp_path / "cache") == [hashlib.sha256(_data(3)).hexdigest()]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 19), min_size=1, max_size=30), st.integers(1000, 6000))
def test_any_order_of_reads_keeps_the_limit_and_gives_the_bytes(
    store: Store, tmp_path_factory: pytest.TempPathFactory, numbers: list[int], limit: int
) -> None:
    cache = ShardCache(tmp_path_factory.mktemp("cache"), limit)
    for number in numbers:
        assert _get(cache, store, number) == _data(number)
        assert cache.used() <= limit


def test_the_one_used_longest_ago_goes_first(store: Store, tmp_path: Path) -> None:
    cache = ShardCache(tmp_path, 3000)
    for number in (0, 1, 2, 0, 3):
        _get(cache, store, number)
        time.sleep(0.02)
    kept = {hashlib.sha256(_data(number)).hexdigest() for number in (2, 0, 3)}
    assert set(_copies(tmp_path)) == kept


def test_an_open_copy_is_read_after_it_went(store: Store, tmp_path: Path) -> None:
    cache = ShardCache(tmp_path, 1000)
    held = cache.open(store, "0.tar", 1000, hashlib.sha256(_data(0)).hexdigest())
    assert held is not None
    _get(cache, store, 1)
    with os.fdopen(held, "rb") as file:
        assert file.read() == _data(0)


def test_other_bytes_and_sizes_are_refused_and_not_kept(store: Store, tmp_path: Path) -> None:
    cache = ShardCache(tmp_path, 5000)
    with pytest.raises(ValueError, match=r"0\.tar: not the file that its unit wrote \(sha256 differs\)"):
        cache.open(store, "0.tar", 1000, "a" * 64)
    with pytest.raises(ValueError, match=r"0\.tar: 1000 bytes, its unit has 999"):
        cache.open(store, "0.tar", 999, "a" * 64)
    with pytest.raises(FileNotFoundError):
        cache.open(store, "absent.tar", 999, "a" * 64)
    assert cache.used() == 0


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit must be at least 1 byte, got {limit}"):
        ShardCache(tmp_path, limit)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        ShardCache(tmp_path / "file", 1)


def _in_child(function: object) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if function() else 1  # type: ignore[operator]
        finally:
            os._exit(code)
    return child


def test_several_processes_share_it(store: Store, tmp_path: Path) -> None:
    """Eight at once, each through all files, with room for four: right bytes, and never above the limit."""
    cache = ShardCache(tmp_path / "cache", 4000)

    def reads(begin: int) -> bool:
        wanted = [(begin + 7 * i) % 20 for i in range(60)]
        # None: all room was being fetched into; the caller reads from the store then.
        return all(_get(cache, store, number) in (_data(number), None) and cache.used() <= 4000 for number in wanted)

    children = [_in_child(lambda begin=begin: reads(begin)) for begin in range(8)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 8
    assert not [path.name for path in (tmp_path / "cache").iterdir() if path.name.endswith(".tmp")]


def test_what_a_killed_process_left_makes_room(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 1)  # so that it is killed in the middle
    store.write("0.tar", _data(0, 200_000))
    cache = ShardCache(tmp_path, 200_500)
    child = _in_child(lambda: _get(cache, store, 0, 200_000) is not None)
    left = tmp_path / f".{hashlib.sha256(_data(0, 200_000)).hexdigest()}.tmp"
    while not left.exists():
        time.sleep(0.001)
    assert _get(cache, store, 1) is None, "no room while the other one lives"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    store.write("0.tar", _data(0))
    assert cache.used() == 200_000
    assert _get(cache, store, 1) == _data(1)
    assert not left.exists()
    assert cache.used() == 1000


def test_what_is_not_ours_is_neither_counted_nor_touched(store: Store, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_bytes(b"x" * 900)
    (tmp_path / ".hidden.tmp").write_bytes(b"x" * 900)
    (tmp_path / "folder").mkdir()
    (tmp_path / ("f" * 64)).symlink_to(tmp_path / "thesis.tex")
    cache = ShardCache(tmp_path, 1000)
    for number in (0, 1):
        assert _get(cache, store, number) == _data(number)
    assert cache.used() == 1000
    assert (tmp_path / "thesis.tex").stat().st_size == (tmp_path / ".hidden.tmp").stat().st_size == 900
