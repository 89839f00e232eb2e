"""Line covers: their rate, their independence, and the file they are kept in."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.prepare.tia import from_npy, line_covers, to_npy

KEY = "0123456789abcdef-00000"


def test_pinned() -> None:
    """Covers of a dataset that is made again must not move."""
    found = line_covers(7, KEY, 3, 12, 0.5)
    assert found.dtype == np.uint8
    assert ["".join(map(str, row)) for row in found.tolist()] == ["010110110101", "001011111110", "010110100001"]


@pytest.mark.parametrize("rate", [0.15, 0.5])
def test_rate_over_many_lines(rate: float) -> None:
    covers = np.concatenate([line_covers(1, f"{i:016x}-00000", 2, 50, rate) for i in range(200)], axis=1)
    assert covers.shape == (2, 10_000)
    for variant in covers:
        error = abs(variant.mean() - rate)
        assert error < 4 * np.sqrt(rate * (1 - rate) / variant.size)
    # Independent variants agree as often as chance has it.
    agree = rate**2 + (1 - rate) ** 2
    assert abs((covers[0] == covers[1]).mean() - agree) < 4 * np.sqrt(agree * (1 - agree) / covers.shape[1])


def test_lines_are_drawn_each_by_itself() -> None:
    """Neighbours agree as often as chance has it, and so do the first lines of pages."""
    covers = np.stack([line_covers(2, f"{i:016x}-00000", 1, 11, 0.15)[0] for i in range(1000)])
    agree = 0.15**2 + 0.85**2
    limit = 4 * np.sqrt(agree * (1 - agree) / 10_000)
    assert abs((covers[:, 1:] == covers[:, :-1]).mean() - agree) < limit
    assert abs((covers[1:] == covers[:-1]).mean() - agree) < limit


@given(st.integers(0, 99), st.integers(1, 6), st.integers(1, 6), st.integers(0, 40), st.floats(0, 1))
def test_a_variant_does_not_depend_on_how_many_there_are(
    seed: int, few: int, more: int, lines: int, rate: float
) -> None:
    small, large = (line_covers(seed, KEY, n, lines, rate) for n in (few, few + more))
    assert small.shape == (few, lines)
    assert np.array_equal(large[:few], small)
    assert np.array_equal(line_covers(seed, KEY, few, lines + 5, rate)[:, :lines], small)


def test_rates_of_none_and_all() -> None:
    assert not line_covers(0, KEY, 4, 100, 0.0).any()
    assert line_covers(0, KEY, 4, 100, 1.0).all()


@given(st.integers(1, 5), st.integers(0, 30), st.data())
def test_any_matrix_comes_back(variants: int, lines: int, data: st.DataObject) -> None:
    bits = data.draw(st.lists(st.integers(0, 1), min_size=variants * lines, max_size=variants * lines))
    array = np.array(bits, dtype=np.uint8).reshape(variants, lines)
    assert np.array_equal(from_npy(to_npy(array)), array)


def _saved(array: object, **options: object) -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.asarray(array), **options)  # type: ignore[arg-type]
    return sink.getvalue()


def _zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.npy", to_npy(np.zeros((1, 1), dtype=np.uint8)))
    return sink.getvalue()


WHOLE = to_npy(np.zeros((2, 30), dtype=np.uint8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x93NUMPY",
        b"PK\x03\x04",
        _zipped(),
        WHOLE[:50],
        WHOLE[:-1],
        _saved([[1, 2]]),
        _saved(np.zeros(3, dtype=np.uint8)),
        _saved([{"a": 1}], allow_pickle=True),
    ],
    ids=["empty", "text", "magic", "zip-magic", "zip", "header", "cut", "int64", "vector", "pickled"],
)
def test_what_is_no_matrix_of_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - numpy's own texts
        from_npy(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_damaged_byte_is_refused_or_read(place: int, flip: int) -> None:
    """Never another error than ValueError."""
    damaged = bytearray(WHOLE)
    damaged[place] ^= flip
    try:
        found = from_npy(bytes(damaged))
    except ValueError:
        return
    assert found.dtype == np.uint8
    assert found.ndim == 2
