"""How many rejected rows stop a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cluster.generations import Allowance
from schemas.dataset import Counts


def stops(share: float | None, rejected: int, rows: int, *, last: bool = False) -> bool:
    counts = Counts(ok=rows - rejected, rejected=rejected, reasons={"timeout": rejected} if rejected else {})
    try:
        Allowance(share).check(counts, last=last)
    except RuntimeError:
        return True
    return False


@pytest.mark.parametrize("share", [-0.001, 1.001, float("nan"), float("inf")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"--max-rejected must be 0\.\.1, got"):
        Allowance(share)


@pytest.mark.parametrize(
    ("share", "rejected", "rows", "last", "expected"),
    [
        (None, 1000, 1000, True, False),  # off
        (1, 1000, 1000, True, False),
        (0, 0, 1000, True, False),
        (0, 1, 1000, False, True),
        (0.1, 99, 99, False, False),  # a handful says nothing yet
        (0.1, 11, 99, True, True),  # but it is all there is
        (0.1, 10, 100, False, False),  # as many as are allowed
        (0.1, 11, 100, False, True),
        (0.1, 10, 99, True, True),
        (0.5, 1, 1, True, True),
        (0.5, 1, 2, True, False),
        (0.5, 0, 0, True, False),
    ],
)
def test_boundaries(share: float | None, rejected: int, rows: int, last: bool, expected: bool) -> None:
    assert stops(share, rejected, rows, last=last) is expected


@given(st.integers(0, 100), st.integers(1, 50))
def test_any_share_in_percent_is_exact(percent: int, hundreds: int) -> None:
    """As it is typed: 0.29 allows 29 of 100, though 0.29 * 100 is less than 29 in floating point."""
    share, rows = float(f"{percent / 100:.2f}"), 100 * hundreds
    allowed = percent * hundreds
    assert not stops(share, allowed, rows)
    assert allowed == rows or stops(share, allowed + 1, rows)


def test_the_reasons_are_told_the_most_frequent_first() -> None:
    counts = Counts(ok=50, rejected=60, duplicate=10, reasons={"damaged": 10, "timeout": 50, "same-file": 10})
    with pytest.raises(RuntimeError) as stopped:
        Allowance(0.25).check(counts)
    assert str(stopped.value) == (
        "60 of 120 rows are rejected (timeout 50, damaged 10, same-file 10), more than --max-rejected 0.25: stopped;"
        " the same command with a larger one goes on"
    )
