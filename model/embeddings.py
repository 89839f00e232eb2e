"""Text, layout and visual embeddings (paper section 2.1).

Shape suffixes: B pages, L text tokens, V visual tokens, D hidden size; 4 is a box [x0, y0, x1, y1] in 0..1000.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.config import MAX_BOX, LayoutLMv2Config
from model.dropout import Dropout


def grid_boxes(rows: int, columns: int) -> Tensor:
    """Boxes (rows * columns, 4) of the visual tokens: the page cut into a grid, row by row, edges rounded down."""
    y = [MAX_BOX * row // rows for row in range(rows + 1)]
    x = [MAX_BOX * column // columns for column in range(columns + 1)]
    return torch.tensor([[x[c], y[r], x[c + 1], y[r + 1]] for r in range(rows) for c in range(columns)])


class Embeddings(nn.Module):
    """The tables: words, 1-D positions, segments and the six tables of the layout embedding."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, hidden, padding_idx=config.pad_token_id)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, hidden)
        self.x_position_embeddings = nn.Embedding(config.max_2d_position_embeddings, config.coordinate_size)
        self.y_position_embeddings = nn.Embedding(config.max_2d_position_embeddings, config.coordinate_size)
        self.h_position_embeddings = nn.Embedding(config.max_2d_position_embeddings, config.shape_size)
        self.w_position_embeddings = nn.Embedding(config.max_2d_position_embeddings, config.shape_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def layout(self, bbox: Tensor) -> Tensor:
        """Layout embedding (..., D) of boxes (..., 4): left, upper, right, lower, height, width, side by side."""
        x0, y0, x1, y1 = bbox.unbind(-1)
        parts = (
            self.x_position_embeddings(x0),
            self.y_position_embeddings(y0),
            self.x_position_embeddings(x1),
            self.y_position_embeddings(y1),
            self.h_position_embeddings(y1 - y0),
            self.w_position_embeddings(x1 - x0),
        )
        return torch.cat(parts, dim=-1)

    def forward(
        self, input_ids_BL: Tensor, bbox_BL4: Tensor, token_type_ids_BL: Tensor, position_ids_BL: Tensor
    ) -> Tensor:
        """Embeddings (B, L, D) of the text tokens."""
        sum_BLD = self.word_embeddings(input_ids_BL) + self.position_embeddings(position_ids_BL)
        sum_BLD = sum_BLD + self.layout(bbox_BL4) + self.token_type_embeddings(token_type_ids_BL)
        normed_BLD: Tensor = self.dropout(self.LayerNorm(sum_BLD))
        return normed_BLD

    def visual_places(self, grid_V4: Tensor) -> Tensor:
        """What the visual tokens get for their place (V, D): the text's own position table 0..V-1, and layout."""
        positions_V = torch.arange(len(grid_V4), device=grid_V4.device)
        places_VD: Tensor = self.position_embeddings(positions_V) + self.layout(grid_V4)
        return places_VD
