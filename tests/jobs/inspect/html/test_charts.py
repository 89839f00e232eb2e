"""Histograms: every value is in one bar, and bars stay inside."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.inspect.html.charts import HEIGHT, WIDTH, histogram
from jobs.inspect.summary import Distribution

WHOLE = st.lists(st.integers(0, 10**7).map(float), min_size=1, max_size=80)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=80)


@given(WHOLE | SHARES)
def test_any_values(values: list[float]) -> None:
    chart = histogram("x", Distribution(np.asarray(values)))
    assert sum(int(bar.title.rsplit(": ", 1)[1]) for bar in chart.bars) == len(values)
    assert 1 <= len(chart.bars) <= 24
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.1 for bar in chart.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= HEIGHT + 0.1 for bar in chart.bars)
    assert 0 <= chart.median_x <= WIDTH
    assert max(bar.height for bar in chart.bars) == HEIGHT


def test_a_bar_for_each_of_a_few_whole_numbers() -> None:
    chart = histogram("x", Distribution(np.array([1.0, 2, 2, 4])))
    assert [bar.height for bar in chart.bars] == [HEIGHT / 2, HEIGHT, 0, HEIGHT / 2]
