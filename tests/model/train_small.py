"""Fifty steps of the small model on pages made from a seed: the course that `small_losses.json` holds.

    python tests/model/train_small.py > tests/model/small_losses.json      (after a change that is meant)

Dropout, masks, live norms and AdamW are as in pre-training. The rate is low, so that rounding, which differs from
processor to processor, does not grow into another course.
"""

from __future__ import annotations

import json

import torch
from torch import Tensor

from model import LayoutLMv2ForPreTraining, preset
from model.objectives import OBJECTIVES

STEPS, PAGES = 50, 2


def page_batch(step: int) -> dict[str, Tensor]:
    """Two pages of different lengths; which words stand where follows from the page, so that there is something to
    learn."""
    draw = torch.Generator().manual_seed(step)
    length = 24 + 8 * (step % 4)
    low = torch.randint(0, 800, (PAGES, length, 2), generator=draw)
    ids = low[..., 0] // 8 + 5
    masked = torch.rand(PAGES, length, generator=draw) < 0.2
    covered = torch.rand(PAGES, length, generator=draw) < 0.2
    mask = torch.ones(PAGES, length, dtype=torch.long)
    mask[1, length - 6 :] = 0
    image = torch.randint(0, 256, (PAGES, 3, 14, 14), generator=draw, dtype=torch.uint8)
    return {
        "input_ids": ids.masked_fill(masked, 4),
        "bbox": torch.cat([low, low + torch.randint(1, 200, (PAGES, length, 2), generator=draw)], dim=-1),
        "image": image.repeat_interleave(16, 2).repeat_interleave(16, 3),
        "attention_mask": mask,
        "mlm_labels": ids.where(masked & (mask > 0), -100),
        "tia_labels": covered.long().where(~masked & (mask > 0), -100),
        "tim_labels": torch.randint(0, 2, (PAGES,), generator=draw),
    }


def course() -> list[list[float]]:
    """Losses of each step: mvlm, tia, tim."""
    torch.manual_seed(0)
    model = LayoutLMv2ForPreTraining(preset("small", vocab_size=128, attention_probs_dropout_prob=0.1)).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    found = []
    for step in range(STEPS):
        torch.manual_seed(1000 + step)
        out = model(**page_batch(step))
        optimiser.zero_grad()
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        found.append([out.losses[name].item() for name in OBJECTIVES])
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps([[float(f"{value:.7g}") for value in step] for step in course()]))
