"""Truth in the limited child, by the real one."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
from PIL import Image

from pipeline.pages import Limits
from pipeline.scores.truths import TruthProcess, read_truth


@pytest.fixture(scope="module")
def process() -> Iterator[TruthProcess]:
    with TruthProcess() as made:
        yield made


def test_the_child_reads_what_the_reader_reads(process: TruthProcess, files: dict[str, bytes]) -> None:
    for data in files.values():
        assert process.read(data, 0, (200, 400), "a file") == read_truth(data, 0, (200, 400))
    assert process.read(b'{"company": "x"}', 0, None, "a file") is None


def test_what_is_wrong_is_said_and_the_next_file_is_fine(process: TruthProcess, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"^a file: damaged JSON"):
        process.read(b'{"form": ', 0, None, "a file")
    with pytest.raises(ValueError, match=r"^a file: truth of one page, page 3 is asked for"):
        process.read(files["roor"], 3, None, "a file")
    assert process.read(files["roor"], 0, None, "a file") is not None


def test_sizes_of_pictures(process: TruthProcess) -> None:
    sink = io.BytesIO()
    Image.new("L", (70, 50)).save(sink, "PNG")
    assert process.size(sink.getvalue()) == (70, 50)
    assert process.size(b"nothing") is None


def test_a_bomb_ends_within_its_limits(files: dict[str, bytes]) -> None:
    bomb = b'{"form": [' + b"[]," * 8_000_000 + b"[]]}"
    with TruthProcess(Limits(address_space=512 * 1024**2, cpu_seconds=20, wall_seconds=60).for_pages) as small:
        with pytest.raises(ValueError, match="^a file: "):
            small.read(bomb, 0, None, "a file")
        assert small.read(files["roor"], 0, None, "a file") is not None


def test_a_file_that_is_too_large_is_not_even_sent() -> None:
    with TruthProcess() as fresh, pytest.raises(ValueError, match="a file: 67108865 bytes, more than 67108864"):
        fresh.read(bytes(64 * 1024**2 + 1), 0, None, "a file")


@pytest.mark.parametrize(
    "data",
    [
        b'[{"text": "a", "box": [0, 0, 1, 1], "class": [], "page": 0, "is_meta": true}]',
        b'{"schema": "pagemill.truth/1", "x": ' + b"[" * 300 + b"]" * 300 + b"}",
        b"[" * 900 + b"]" * 900,
    ],
    ids=["a class that is a list", "deep truth", "deep JSON"],
)
def test_odd_files_are_bad_truth_or_none_and_the_next_one_is_fine(
    process: TruthProcess, files: dict[str, bytes], data: bytes
) -> None:
    with contextlib.suppress(ValueError):
        process.read(data, 0, (10, 10), "a file")
    assert process.read(files["roor"], 0, None, "a file") is not None
