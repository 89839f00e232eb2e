"""Grid boxes and the make-up of the embeddings."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from model import preset
from model.embeddings import Embeddings, grid_boxes

EDGES = [0, 142, 285, 428, 571, 714, 857, 1000]


def test_grid_is_seven_by_seven_row_by_row() -> None:
    boxes = grid_boxes(7, 7)
    assert boxes.shape == (49, 4)
    for token, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        row, column = divmod(token, 7)
        assert (x0, y0, x1, y1) == (EDGES[column], EDGES[row], EDGES[column + 1], EDGES[row + 1])


@given(st.integers(1, 56), st.integers(1, 56))
def test_any_grid_tiles_the_page(rows: int, columns: int) -> None:
    boxes = grid_boxes(rows, columns)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert (width > 0).all()
    assert (height > 0).all()
    assert int((width * height).sum()) == 1_000_000


def test_layout_is_left_upper_right_lower_height_width() -> None:
    config = preset("tiny")
    tables = Embeddings(config)
    c, s = config.coordinate_size, config.shape_size
    layout = tables.layout(torch.tensor([10, 20, 110, 50]))
    x, y, h, w = (getattr(tables, f"{name}_position_embeddings").weight for name in "xyhw")
    parts = layout.split([c, c, c, c, s, s])
    for found, expected in zip(parts, (x[10], y[20], x[110], y[50], h[30], w[100]), strict=True):
        assert torch.equal(found, expected)


def test_visual_places_use_the_position_table_of_the_text() -> None:
    tables = Embeddings(preset("tiny"))
    grid = grid_boxes(7, 7)
    expected = tables.position_embeddings.weight[:49] + tables.layout(grid)
    assert torch.equal(tables.visual_places(grid), expected)
