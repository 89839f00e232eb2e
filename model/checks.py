"""Model inputs: checked against the configuration, with what was left out filled in.

Shape suffixes: B pages, L text tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.config import IMAGE_SIZE, MAX_BOX, LayoutLMv2Config


@dataclass
class ModelInputs:
    """What the model computes with; all integers are int64, the mask is boolean (True: a real token)."""

    input_ids: Tensor  # (B, L)
    bbox: Tensor  # (B, L, 4)
    image: Tensor  # (B, 3, 224, 224)
    attention_mask: Tensor  # (B, L)
    token_type_ids: Tensor  # (B, L)
    position_ids: Tensor  # (B, L)
    # One row of positions stands for the whole batch: the 1-D bias is then built once, not for every page.
    same_positions: bool


def prepare_inputs(
    config: LayoutLMv2Config,
    input_ids: Tensor,
    bbox: Tensor,
    image: Tensor,
    attention_mask: Tensor | None = None,
    token_type_ids: Tensor | None = None,
    position_ids: Tensor | None = None,
) -> ModelInputs:
    """Check the inputs and fill in Hugging Face's defaults: all tokens real, segment 0, positions 0..L-1.

    Raises ValueError naming the argument and the value where a shape, type or range is wrong.
    """
    _check_shapes(config, input_ids, bbox, image)
    shape_BL = tuple(input_ids.shape)
    positions_L = torch.arange(shape_BL[1], device=input_ids.device)
    inputs = ModelInputs(
        input_ids=input_ids.long(),
        bbox=bbox.long(),
        image=image,
        attention_mask=_or_default("attention_mask", attention_mask, input_ids.new_ones(shape_BL)) != 0,
        token_type_ids=_or_default("token_type_ids", token_type_ids, input_ids.new_zeros(shape_BL)).long(),
        position_ids=_or_default("position_ids", position_ids, positions_L.expand(shape_BL)).long(),
        same_positions=position_ids is None,
    )
    _check_values(config, inputs)
    return inputs


def _check_shapes(config: LayoutLMv2Config, input_ids: Tensor, bbox: Tensor, image: Tensor) -> None:
    if input_ids.dim() != 2 or min(input_ids.shape) < 1:
        raise ValueError(f"input_ids has shape {tuple(input_ids.shape)}, not (batch, length)")
    pages, length = input_ids.shape
    if length > config.max_position_embeddings:
        raise ValueError(f"input_ids has length {length}, above max_position_embeddings "
                         f"{config.max_position_embeddings}")  # fmt: skip
    if tuple(bbox.shape) != (pages, length, 4):
        raise ValueError(f"bbox has shape {tuple(bbox.shape)}, not ({pages}, {length}, 4) as input_ids asks for")
    if tuple(image.shape) != (pages, 3, IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(f"image has shape {tuple(image.shape)}, not ({pages}, 3, {IMAGE_SIZE}, {IMAGE_SIZE})")
    if image.dtype != torch.uint8 and not image.is_floating_point():
        raise ValueError(f"image has type {image.dtype}, neither uint8 nor floating")
    need_integers("input_ids", input_ids)
    need_integers("bbox", bbox)


def need_integers(name: str, tensor: Tensor) -> None:
    """ValueError for a tensor of fractions, which would be cut off, or of complex numbers."""
    if tensor.is_floating_point() or tensor.is_complex():
        raise ValueError(f"{name} has type {tensor.dtype}, not an integer type")


def _or_default(name: str, given: Tensor | None, default: Tensor) -> Tensor:
    if given is None:
        return default
    if name != "attention_mask":  # whose ones and zeros may be of any type
        need_integers(name, given)
    if given.shape != default.shape:
        raise ValueError(f"{name} has shape {tuple(given.shape)}, not {tuple(default.shape)} as input_ids asks for")
    return given


def _check_values(config: LayoutLMv2Config, inputs: ModelInputs) -> None:
    """Ranges of all integers, in one reading of the device; out of range they would end in a device assertion."""
    if inputs.input_ids.is_meta or torch.compiler.is_compiling():
        return
    box = inputs.bbox
    ranges = (
        ("input_ids", inputs.input_ids, config.vocab_size - 1),
        ("bbox", box, MAX_BOX),
        ("token_type_ids", inputs.token_type_ids, config.type_vocab_size - 1),
        ("position_ids", inputs.position_ids, config.max_position_embeddings - 1),
    )
    bad = [((values < 0) | (values > most)).any() for _, values, most in ranges]
    turned_BL = (box[..., 2] < box[..., 0]) | (box[..., 3] < box[..., 1])
    verdicts = torch.stack([*bad, turned_BL.any(), ~inputs.attention_mask.any()]).tolist()
    for (name, values, most), wrong in zip(ranges, verdicts, strict=False):
        if wrong:
            raise ValueError(f"{name} has the value {_first_outside(values, most)}, outside 0..{most}")
    if verdicts[-1]:
        raise ValueError(f"attention_mask is 0 for all {inputs.attention_mask.numel()} tokens: nothing but padding")
    if verdicts[-2]:
        raise ValueError(f"bbox has {box[turned_BL][0].tolist()}, where x1 < x0 or y1 < y0")


def _first_outside(values: Tensor, most: int) -> int:
    return int(values[(values < 0) | (values > most)][0])
