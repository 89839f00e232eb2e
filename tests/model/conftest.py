"""Small batches for the model's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Batch = dict[str, Tensor]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """Inputs of a model, by size; the last page's second half is padding."""

    def make(pages: int = 2, length: int = 12, vocabulary: int = 128) -> Batch:
        low = torch.randint(0, 600, (pages, length, 2))
        mask = torch.ones(pages, length, dtype=torch.long)
        mask[-1, length // 2 :] = 0
        return {
            "input_ids": torch.randint(0, vocabulary, (pages, length)),
            "bbox": torch.cat([low, low + torch.randint(0, 401, (pages, length, 2))], dim=-1),
            "image": torch.randint(0, 256, (pages, 3, 224, 224), dtype=torch.uint8),
            "attention_mask": mask,
            "token_type_ids": torch.randint(0, 2, (pages, length)),
        }

    return make


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch()


@pytest.fixture
def labels() -> Batch:
    """Pre-training labels that fit `batch`."""
    mlm = torch.full((2, 12), -100)
    mlm[0, 3], mlm[0, 7], mlm[1, 2] = 5, 9, 100
    tia = torch.full((2, 12), -100)
    tia[0, :3], tia[1, 3:6] = 1, 0
    return {"mlm_labels": mlm, "tia_labels": tia, "tim_labels": torch.tensor([1, 0])}
