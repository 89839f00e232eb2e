"""Damage anywhere is found and never raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.inspect.lint import lint

KINDS = ["pages", "train"]
SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def files_of(bench: Any) -> list[Path]:
    return sorted(path for path in bench.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(data=st.data())
def test_any_flipped_bit_is_found(kind: str, pages: Any, train: Any, data: st.DataObject) -> None:
    bench = {"pages": pages, "train": train}[kind]
    # dataset.json also holds what nothing else repeats (versions, options): see the next test.
    path = data.draw(st.sampled_from([path for path in files_of(bench) if path.name != "dataset.json"]))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    try:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
        assert lint(bench.url) != []
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(data=st.data())
def test_any_cut_file_is_found(kind: str, pages: Any, train: Any, data: st.DataObject) -> None:
    bench = {"pages": pages, "train": train}[kind]
    path = data.draw(st.sampled_from(files_of(bench)))
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        assert lint(bench.url) != []
    finally:
        path.write_bytes(whole)


@SETTINGS
@given(data=st.data())
def test_no_change_of_dataset_json_makes_lint_raise(pages: Any, data: st.DataObject) -> None:
    path = pages.path("dataset.json")
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    try:
        path.write_bytes(whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + 1 :])
        lint(pages.url)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(data=st.data())
def test_damage_under_right_hashes_never_raises(kind: str, pages: Any, train: Any, data: st.DataObject) -> None:
    """The bytes that a marker vouches for may themselves be anything."""
    bench = {"pages": pages, "train": train}[kind]
    path = data.draw(st.sampled_from([path for path in files_of(bench) if path.suffix in (".tar", ".parquet")]))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.binary(max_size=12))
    try:
        path.write_bytes(whole[:start] + change + whole[start + data.draw(st.integers(0, 12)) :])
        bench.seal()
        lint(bench.url)
    finally:
        path.write_bytes(whole)
        bench.seal()
