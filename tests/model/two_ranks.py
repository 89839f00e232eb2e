"""One of two ranks on gloo, as a program: each computes what both together must give, and compares."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from model import LayoutLMv2ForPreTraining, LayoutLMv2ForTokenClassification, preset
from model.norm import ChannelNorm
from model.objectives import target_totals

PAGES = (2, 3)  # of each rank: batches need not be of one size


def mine(whole: Tensor) -> Tensor:
    """This rank's pages."""
    rank = dist.get_rank()
    return whole[sum(PAGES[:rank]) : sum(PAGES[: rank + 1])]


def check_norm() -> None:
    """Outputs, gradients and statistics are those of torch's batch norm over the joined batch."""
    for dtype, close in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
        ours, joined = ChannelNorm(6, "synchronised").to(dtype).train(), nn.BatchNorm2d(6).to(dtype).train()
        nn.init.normal_(ours.weight)
        nn.init.normal_(ours.bias)
        joined.load_state_dict({**ours.state_dict(), "num_batches_tracked": torch.tensor(0)})
        for _ in range(2):
            whole = (torch.randn(5, 6, 4, 3, dtype=dtype) * 3 + 50).requires_grad_()
            upstream = torch.randn(5, 6, 4, 3, dtype=dtype)
            part = mine(whole).detach().contiguous(memory_format=torch.channels_last).requires_grad_()
            out, expected = ours(part), joined(whole)
            out.backward(mine(upstream))
            expected.backward(upstream)
            for parameter in ours.parameters():
                dist.all_reduce(parameter.grad)
            assert whole.grad is not None
            pairs = [(out, mine(expected)), (part.grad, mine(whole.grad)), (ours.running_mean, joined.running_mean),
                     (ours.running_var, joined.running_var), (ours.weight.grad, joined.weight.grad),
                     (ours.bias.grad, joined.bias.grad)]  # fmt: skip
            for found, wanted in pairs:
                torch.testing.assert_close(found, wanted, rtol=close, atol=close)
            ours.zero_grad()
            joined.zero_grad()


def check_training() -> None:
    """Gradients under data-parallel training are those of one process with the joined batch; none is unused."""
    torch.manual_seed(1)
    config = preset("tiny", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    assert config.visual_norm == "synchronised"
    model, alone = (LayoutLMv2ForPreTraining(config).double().train() for _ in range(2))
    alone.load_state_dict(model.state_dict())
    wrapped = DistributedDataParallel(model)
    for _ in range(2):  # an unused parameter is an error in the second one
        batch = _batch()
        labels = {
            name: batch[key] for name, key in (("mvlm", "mlm_labels"), ("tia", "tia_labels"), ("tim", "tim_labels"))
        }
        out = wrapped(**{name: mine(values) for name, values in batch.items()}, denominators=target_totals(labels))
        (out.loss * 2).backward()
        # The reference's norms see the joined batch in one process.
        for module in alone.modules():
            if isinstance(module, ChannelNorm):
                module.mode = "live"
        alone(**batch).loss.backward()
        for (name, parameter), (_, other) in zip(model.named_parameters(), alone.named_parameters(), strict=True):
            assert (parameter.grad is None) == (other.grad is None) == (not parameter.requires_grad), name
            if parameter.grad is not None and other.grad is not None:
                scale = other.grad.abs().max().item()
                torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-4, atol=1e-5 * scale + 1e-9)
        for both in (model, alone):
            both.zero_grad()


def check_fine_tuning() -> None:
    """No unused parameter either, though nothing reads the pooler."""
    wrapped = DistributedDataParallel(LayoutLMv2ForTokenClassification(preset("tiny")))
    for _ in range(2):
        batch = {name: mine(values) for name, values in _batch().items() if not name.endswith("labels")}
        labels = torch.randint(0, 2, batch["input_ids"].shape)
        wrapped(**batch, labels=labels).loss.backward()


def _batch() -> dict[str, Tensor]:
    low = torch.randint(0, 600, (5, 10, 2))
    ids = torch.randint(0, 128, (5, 10))
    return {
        "input_ids": ids,
        "bbox": torch.cat([low, low + torch.randint(0, 401, (5, 10, 2))], dim=-1),
        "image": torch.randint(0, 256, (5, 3, 224, 224), dtype=torch.uint8),
        "mlm_labels": torch.where(torch.rand(5, 10) < 0.4, ids, -100),
        "tia_labels": torch.randint(0, 2, (5, 10)),
        "tim_labels": torch.randint(0, 2, (5,)),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo")
    check_norm()
    check_training()
    check_fine_tuning()
    dist.destroy_process_group()
