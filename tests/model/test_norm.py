"""Norms: two ranks are one batch, and a fixed norm folds into its convolution."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

from model.norm import ChannelNorm
from model.visual import NormedConv

PROGRAM = Path(__file__).with_name("two_ranks.py")
ROOT = Path(__file__).resolve().parents[2]


def test_two_ranks_are_one_batch() -> None:
    """Norm, whole model and fine-tuning, in two processes that compare with the joined batch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    places = {"PYTHONPATH": str(ROOT), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    ranks = [
        subprocess.Popen([sys.executable, str(PROGRAM)], env={**os.environ, **places, "RANK": str(rank)},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for rank in range(2)
    ]  # fmt: skip
    try:
        said = [rank.communicate(timeout=200)[0] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    assert [rank.returncode for rank in ranks] == [0, 0], "\n".join(said)


def test_alone_synchronised_is_live() -> None:
    norms = [ChannelNorm(5, "live"), ChannelNorm(5, "synchronised")]
    maps = torch.randn(4, 5, 6, 6)
    first, second = (norm(maps) for norm in norms)
    assert torch.equal(first, second)
    assert torch.equal(norms[0].running_var, norms[1].running_var)


def test_a_fixed_norm_is_folded_exactly() -> None:
    """Same outputs and the same gradient of the convolution as one step after the other, in float64."""
    for mode in ("frozen", "live"):
        conv = NormedConv(4, 8, 3, mode, groups=2).double().eval()  # type: ignore[arg-type]
        for tensor in conv.norm.state_dict().values():
            torch.nn.init.uniform_(tensor, 0.5, 2)
        maps = torch.randn(2, 4, 7, 7, dtype=torch.float64)
        folded = conv(maps)
        plain = conv.norm(torch.nn.functional.conv2d(maps, conv.weight, padding=1, groups=2))
        torch.testing.assert_close(folded, plain, rtol=1e-12, atol=1e-12)
        upstream = torch.randn_like(folded)
        learning = [parameter for parameter in conv.parameters() if parameter.requires_grad]
        assert len(learning) == (1 if mode == "frozen" else 3)
        found, wanted = (torch.autograd.grad(out, learning, upstream) for out in (folded, plain))
        for gradient, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(gradient, other, rtol=1e-12, atol=1e-12)
