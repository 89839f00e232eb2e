"""Examples to tensors: special tokens, padding, the order of colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.collate import Special, collate
from pipeline.stream.draw import draw
from pipeline.stream.example import Example
from schemas.sample import TimAction

Make = Callable[..., Example]
SPECIAL = Special(pad=9, cls=7, sep=8)
SMALL = np.zeros((224, 224, 3), dtype=np.uint8)


def test_specials_padding_and_labels(make_example: Make) -> None:
    one = make_example(
        [1, 2], key="a", picture_SSC=SMALL, tia_T=np.array([0, 1, -100]), mlm_T=np.array([-100, 5, -100])
    )
    two = make_example([1] * 7, key="b", picture_SSC=SMALL, action=TimAction.DROPPED)
    batch = collate([one, two], [40, 42], SPECIAL)
    assert batch.input_ids.tolist() == [
        [7, 30000, 30001, 30002, 8, *[9] * 11],
        [7, *range(30000, 30007), 8, *[9] * 7],
    ]
    assert batch.attention_mask.tolist() == [[1] * 5 + [0] * 11, [1] * 9 + [0] * 7]
    assert batch.tia_labels[0].tolist() == [-100, 0, 1, -100, *[-100] * 12]
    assert batch.mlm_labels[0].tolist() == [-100, -100, 5, -100, *[-100] * 12]
    assert batch.bbox[0, 1:4].tolist() == one.box_T4.tolist()
    assert not batch.bbox[0, 0].any()
    assert not batch.bbox[0, 4:].any()  # [SEP] and padding: zero, as the authors answered
    assert batch.tim_labels.tolist() == [1, 0]
    assert (batch.positions, batch.keys) == ([40, 42], ["a", "b"])


def test_the_box_of_sep_may_be_hugging_faces(make_example: Make) -> None:
    one = make_example([1, 2], picture_SSC=SMALL)
    box = collate([one], [0], Special(pad=9, cls=7, sep=8, sep_box=1000)).bbox[0]
    assert box[4].tolist() == [1000] * 4
    assert not box[0].any()
    assert not box[5:].any()


@pytest.mark.parametrize("action", list(TimAction))
def test_only_aligned_pages_match(make_example: Make, action: TimAction) -> None:
    batch = collate([make_example([1], picture_SSC=SMALL, action=action)], [0], SPECIAL)
    assert batch.tim_labels.tolist() == [int(action is TimAction.ALIGNED)]


def test_a_red_page_is_red_in_the_last_channel(make_example: Make) -> None:
    red = SMALL.copy()
    red[:, :112] = (250, 20, 10)
    image = collate([make_example([1], picture_SSC=red)], [0], SPECIAL).image
    assert image.shape == (1, 3, 224, 224)
    assert image.dtype == torch.uint8
    assert image[0, :, 5, 5].tolist() == [10, 20, 250]  # blue, green, red
    assert image[0, :, 5, 200].tolist() == [0, 0, 0]
    assert image.is_contiguous()


@given(st.lists(st.integers(1, 510), min_size=1, max_size=4))
def test_any_lengths_are_padded_to_the_next_multiple_of_eight(make_example: Make, lengths: list[int]) -> None:
    batch = collate([make_example([1] * n, picture_SSC=SMALL) for n in lengths], range(len(lengths)), SPECIAL)
    width = batch.input_ids.shape[1]
    assert width % 8 == 0
    assert max(lengths) + 2 <= width < max(lengths) + 2 + 8
    assert width <= 512
    assert batch.attention_mask.sum(1).tolist() == [n + 2 for n in lengths]
    for name in ("input_ids", "attention_mask", "mlm_labels", "tia_labels", "tim_labels", "bbox"):
        assert getattr(batch, name).dtype == torch.int64


def test_what_is_drawn_can_be_collated(make_example: Make, make_drawing: Callable[..., object]) -> None:
    done = [draw(make_example([3] * 300, epoch=epoch), make_drawing()) for epoch in range(3)]
    batch = collate(done, [0, 1, 2], SPECIAL)
    assert batch.input_ids.shape == (3, 512)
    assert batch.image.shape == (3, 3, 224, 224)


def test_to_moves_every_tensor_and_keeps_the_rest(make_example: Make) -> None:
    batch = collate([make_example([1], key="a", picture_SSC=SMALL)], [3], SPECIAL)
    moved = batch.to(torch.device("meta"))
    assert all(t.device.type == "meta" for t in vars(moved).values() if isinstance(t, torch.Tensor))
    assert (moved.positions, moved.keys) == ([3], ["a"])
