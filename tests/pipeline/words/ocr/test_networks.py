"""The networks for real: both precisions, shapes, and memory that does not suffice."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.words.ocr.alphabet import Alphabet
from pipeline.words.ocr.networks import Networks, Precision, _infer


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks(Alphabet.LATIN, Precision.F32)


def test_auto_is_one_of_the_others(networks: Networks) -> None:
    assert networks.precision is Precision.F32
    assert Networks(Alphabet.LATIN, Precision.AUTO).precision in (Precision.F32, Precision.BF16)


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (33, 100)])
def test_the_map_has_the_size_of_the_picture(networks: Networks, size: tuple[int, int]) -> None:
    found = networks.detect(np.full((*size, 3), 255, np.uint8))
    assert found.shape == size
    assert ((found >= 0) & (found <= 1)).all()


def test_a_frame_for_every_eight_pixels(networks: Networks) -> None:
    for width in (8, 32, 33):
        frames = networks.recognise(np.full((48, width, 3), 255, np.uint8))
        assert len(frames.character) == len(frames.probability) == len(frames.state) == -(-width // 32) * 4
        assert ((frames.character >= 0) & (frames.character < len(networks.characters))).all()
        assert ((frames.probability > 0) & (frames.probability <= 1)).all()


def test_an_answer_is_kept_when_the_next_one_comes(networks: Networks) -> None:
    first = networks.recognise(np.full((48, 64, 3), 255, np.uint8))
    before = first.state.copy()
    networks.recognise(np.zeros((48, 64, 3), np.uint8))
    assert (first.state == before).all()


def test_outputs_of_the_call_before_are_not_believed() -> None:
    class Silent:
        """A request that returns without having computed anything, as was seen where memory did not suffice."""

        def __init__(self) -> None:
            self.model_outputs = [0]
            self.data = np.ones((1, 4), np.float32)

        def get_output_tensor(self, _: int) -> Silent:
            return self

        def set_input_tensor(self, _: object) -> None:
            pass

        def infer(self) -> None:
            pass

    with pytest.raises(MemoryError):
        _infer(Silent(), np.zeros((1, 3, 48, 32), np.float32))
