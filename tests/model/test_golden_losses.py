"""Fifty steps of the small model against the file, and against themselves."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent


def test_fifty_steps_are_those_of_the_file_and_repeat_bit_by_bit() -> None:
    spec = importlib.util.spec_from_file_location("train_small", HERE / "train_small.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        first, again = program.course(), program.course()
    finally:
        torch.set_num_threads(threads)
    assert first == again
    expected = json.loads((HERE / "small_losses.json").read_text())
    assert len(expected) == 50
    for step, (found, wanted) in enumerate(zip(first, expected, strict=True)):
        assert found == pytest.approx(wanted, rel=1e-4), step
    assert sum(map(sum, first[-10:])) < sum(map(sum, first[:10]))
