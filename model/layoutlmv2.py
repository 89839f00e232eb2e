"""LayoutLMv2 (arXiv 2012.14740) in plain torch: text, layout and picture in one transformer.

Where the paper and the released model differ, this follows the released model, so that its weights mean the same here:

* Text tokens come before visual ones in the sequence; the paper writes the visual ones first. All position information
  is in embeddings and biases, so only the order of the output rows differs.
* The vertical relative bias takes the lower edge y1 of the boxes; the paper says the top left corner
  (`relative_2d_corner="paper"`).
* Visual tokens have no segment embedding of their own ([C] in the paper) unless `has_visual_segment_embedding`.
* The relative biases are added after the scores are divided by the square root of the head size.

Where Hugging Face's classes differ, this follows the paper and the original code:

* The three tables of relative biases learn. Hugging Face looks them up without a gradient, so there they stay as
  they were drawn or loaded.
* The biases are built once per step from integer look-up tables in float32, and attention runs in torch's fused
  kernels, or in one of our own on a CPU.
* The backbone is part of this package (no detectron2) and computes p2 only, channels last, frozen norms folded into
  the convolutions. In pre-training its norms learn, over all ranks, and no stage is frozen: the paper updates all
  parameters. Fine-tuning is as there: norms and two stages are frozen.
* There is pre-training: three heads and their losses; words are scored at masked positions only.
* Dropout on a CPU draws 16 bits an element (`model.dropout`): its probability is a multiple of 1/65536.
* The sequence classifier runs the backbone once, not twice, so in training both uses of the visual embeddings share
  one dropout mask. The visual segment embedding that question answering adds starts at zero where the loaded
  weights have none, not at random.
* Bad input raises ValueError before it becomes an index error or a device assertion. `bbox` and `image` are required.

Shape suffixes: B pages, L text tokens, V visual tokens, S = L + V, D hidden size; 4 is a box [x0, y0, x1, y1].
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from model.checks import prepare_inputs
from model.config import LayoutLMv2Config
from model.dropout import Dropout
from model.embeddings import Embeddings, grid_boxes
from model.encoder import Encoder
from model.initialise import initialise
from model.outputs import ModelOutput
from model.visual import VisualBackbone
from model.weights import PretrainedModel


class Pooler(nn.Module):
    """The first token's state through a linear layer and tanh."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_BSD: Tensor) -> Tensor:
        """Pooled states (B, D)."""
        return torch.tanh(self.dense(hidden_BSD[:, 0]))


class LayoutLMv2Model(PretrainedModel):
    """The bare model: everything but a head. `add_pooling_layer=False` leaves the pooler out."""

    use: ClassVar[Literal["body", "pre-training", "fine-tuning"]] = "body"
    grid: Tensor
    visual_segment_embedding: nn.Parameter | None

    def __init__(self, config: LayoutLMv2Config, add_pooling_layer: bool = True) -> None:
        super().__init__(config)
        rows, columns, _ = config.image_feature_pool_shape
        self.embeddings = Embeddings(config)
        self.visual = VisualBackbone(config)
        self.visual_proj = nn.Linear(config.fpn_channels, config.hidden_size)
        self.visual_LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.visual_dropout = Dropout(config.hidden_dropout_prob)
        self.register_parameter("visual_segment_embedding", _segment(config))
        self.encoder = Encoder(config)
        self.pooler = Pooler(config) if add_pooling_layer else None
        self.register_buffer("grid", grid_boxes(rows, columns), persistent=False)
        initialise(self, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> ModelOutput:
        """Hidden states of text and visual tokens.

        `input_ids` (B, L) integers; `bbox` (B, L, 4) integers 0..1000 with x0 <= x1 and y0 <= y1; `image`
        (B, 3, 224, 224) blue, green, red in 0..255, uint8 or float, not normalised; `attention_mask` (B, L) 1 for real
        tokens, 0 for padding; `token_type_ids` and `position_ids` (B, L). Raises ValueError naming argument and value.
        """
        inputs = prepare_inputs(self.config, input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        text_BLD = self.embeddings(inputs.input_ids, inputs.bbox, inputs.token_type_ids, inputs.position_ids)
        visual_BVD = self.visual_embeddings(inputs.image)
        pages, visual_length = visual_BVD.shape[:2]

        keep_BS = torch.cat([inputs.attention_mask, inputs.attention_mask.new_ones(pages, visual_length)], dim=1)
        bbox_BS4 = torch.cat([inputs.bbox, self.grid.expand(pages, -1, -1)], dim=1)
        text_positions = inputs.position_ids[:1] if inputs.same_positions else inputs.position_ids
        visual_positions = torch.arange(visual_length, device=text_positions.device).expand(len(text_positions), -1)
        positions = torch.cat([text_positions, visual_positions], dim=1)

        hidden_BSD = self.encoder(torch.cat([text_BLD, visual_BVD], dim=1), keep_BS, bbox_BS4, positions)
        pooled_BD = None if self.pooler is None else self.pooler(hidden_BSD)
        return ModelOutput(hidden_BSD, pooled_BD, visual_BVD)

    def without_pooler_training(self) -> Self:
        """For heads that do not read the pooler: it is kept, as files hold it, but data-parallel training must not
        wait for its gradient."""
        if self.pooler is not None:
            self.pooler.requires_grad_(False)
        return self

    def visual_embeddings(self, image: Tensor) -> Tensor:
        """Embeddings (B, V, D) of the pictures (B, 3, 224, 224), with their places on the page (paper section 2.1)."""
        sum_BVD = self.visual_proj(self.visual(image)) + self.embeddings.visual_places(self.grid)
        if self.visual_segment_embedding is not None:
            sum_BVD = sum_BVD + self.visual_segment_embedding
        normed_BVD: Tensor = self.visual_dropout(self.visual_LayerNorm(sum_BVD))
        return normed_BVD


def _segment(config: LayoutLMv2Config) -> nn.Parameter | None:
    if not config.has_visual_segment_embedding:
        return None
    return nn.Parameter(torch.empty(config.hidden_size).normal_(std=config.initializer_range))
