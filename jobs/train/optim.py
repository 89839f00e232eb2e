"""AdamW without decay on vectors, a linear warm-up and a linear decay (paper section 4.1)."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from jobs.train.config import OptimConfig


def make_optimizer(model: nn.Module, config: OptimConfig) -> AdamW:
    """Matrices decay; biases, norms and other vectors do not, as in BERT's training."""
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    # The biases of fused query, key and value have three dimensions, two of them of size one.
    vectors = {name for name, p in learning.items() if p.ndim <= 1 or name.endswith("bias")}
    groups = [
        {"params": [p for name, p in learning.items() if name not in vectors], "weight_decay": config.weight_decay},
        {"params": [p for name, p in learning.items() if name in vectors], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=config.learning_rate, betas=config.betas)


def make_schedule(optimizer: AdamW, config: OptimConfig, steps: int, done: int) -> LambdaLR:
    """Factor of the rate at each step, going on after `done` steps."""
    warm = max(1, round(config.warmup * steps))

    def factor(step: int) -> float:
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    for group in optimizer.param_groups:
        group["initial_lr"] = config.learning_rate
    return LambdaLR(optimizer, factor, last_epoch=done - 1)
