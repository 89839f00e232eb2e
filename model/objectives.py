"""The three pre-training losses (paper section 3.1) as pure functions of logits and labels.

* "mvlm", masked visual-language modelling: cross-entropy over the vocabulary at the masked tokens.
* "tia", text-image alignment: is the token's line covered on the picture? 1 covered, 0 not covered.
* "tim", text-image matching: does the picture belong to the text? 1 aligned, 0 not aligned (replaced or dropped).

A label of -100 does not count. Each loss is the mean over its targets; without targets it is exactly zero, and still
connected to the parameters, so that data-parallel training finds none unused.

Data-parallel training normalises over all ranks: add up `target_totals` of all ranks, pass the sums as `denominators`,
and multiply the loss by the number of ranks where gradients are averaged. The result does not depend on the number of
ranks then.

Shape suffixes: B pages, L text tokens, N targets, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from model.checks import need_integers

IGNORED = -100
OBJECTIVES = ("mvlm", "tia", "tim")


@dataclass
class PreTrainingLoss:
    """The weighted sum `loss` and, by objective, its parts.

    `losses` are means, `sums` their numerators, `counts` the numbers of targets (int64).
    """

    loss: Tensor
    losses: dict[str, Tensor]
    sums: dict[str, Tensor]
    counts: dict[str, Tensor]


def pretraining_loss(
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    sample_weight: Tensor | None = None,
    denominators: Mapping[str, Tensor] | None = None,
    loss_weights: Mapping[str, float] | None = None,
) -> PreTrainingLoss:
    """Losses of the objectives that `labels` has.

    `logits`: "mvlm" (N, V), one row per label that counts, in the order of the batch; "tia" (B, L); "tim" (B,).
    `labels`: "mvlm" and "tia" (B, L), "tim" (B,). `sample_weight` (B,), 0 or more: a page's targets count that much;
    0 takes the page out. `denominators`: what to divide the sums by, instead of this batch's `target_totals`.
    `loss_weights`: 1 for each objective unless given. Raises ValueError naming argument and value.
    """
    _check(logits, labels, sample_weight)
    totals = target_totals(labels, sample_weight) if denominators is None else denominators
    sums, losses, counts = {}, {}, {}
    for name, targets in labels.items():
        weights = _target_weights(targets, sample_weight)
        sums[name] = _loss_sum(name, logits[name], targets, weights)
        losses[name] = sums[name] / torch.where(totals[name] > 0, totals[name], 1)
        counts[name] = (weights > 0).sum()
    loss = sum_of_losses(losses, loss_weights)
    return PreTrainingLoss(loss, losses, sums, counts)


def sum_of_losses(losses: Mapping[str, Tensor], loss_weights: Mapping[str, float] | None) -> Tensor:
    """Weighted sum; an objective that `loss_weights` does not name has weight 1, as in the paper."""
    weights = dict(loss_weights or {})
    unknown = sorted(set(weights) - set(OBJECTIVES))
    if unknown:
        raise ValueError(f"loss_weights names {', '.join(unknown)}, not of {', '.join(OBJECTIVES)}")
    return torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()


def target_totals(labels: Mapping[str, Tensor], sample_weight: Tensor | None = None) -> dict[str, Tensor]:
    """Weight of all targets by objective (float32 scalars): the default denominators."""
    return {name: _target_weights(targets, sample_weight).sum() for name, targets in labels.items()}


def _check(logits: Mapping[str, Tensor], labels: Mapping[str, Tensor], sample_weight: Tensor | None) -> None:
    if not labels or set(labels) - set(OBJECTIVES):
        raise ValueError(f"labels are for {sorted(labels)}, not for some of {', '.join(OBJECTIVES)}")
    for name, targets in labels.items():
        classes = logits[name].shape[-1] if name == "mvlm" else 2
        check_labels(f"labels of {name}", targets, classes)
    if sample_weight is not None:
        pages = len(next(iter(labels.values())))
        if tuple(sample_weight.shape) != (pages,):
            raise ValueError(f"sample_weight has shape {tuple(sample_weight.shape)}, not ({pages},)")
        if not _all_true((sample_weight >= 0) & sample_weight.isfinite()):
            raise ValueError(f"sample_weight has a negative or infinite value: {sample_weight.tolist()}")


def _loss_sum(name: str, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over the targets, in float32 whatever the logits are."""
    counted = targets != IGNORED
    if name == "mvlm":
        places = places_of(counted)
        each = cross_entropy(logits.float(), targets.flatten()[places].long(), reduction="none")
        return (each * weights.flatten()[places]).sum()
    each = binary_cross_entropy_with_logits(logits.float(), targets.clamp(min=0).float(), reduction="none")
    return (each * weights).sum()


def places_of(counted: Tensor) -> Tensor:
    """Numbers (N,) of the true entries in the flattened tensor.

    Not the mask itself as an index: in a training graph torch's code generator cannot tell that the number of what a
    mask takes, which it works out anew at each use, is the same one.
    """
    return counted.flatten().nonzero().squeeze(1)


def _target_weights(targets: Tensor, sample_weight: Tensor | None) -> Tensor:
    """float32, the shape of `targets`: 0 for a label that does not count, else the weight of its page."""
    counted = (targets != IGNORED).float()
    if sample_weight is None:
        return counted
    return counted * sample_weight.float().view(-1, *[1] * (targets.dim() - 1))


def check_labels(what: str, labels: Tensor, classes: int) -> None:
    """ValueError for labels other than integers 0..classes - 1 and -100; a compiled graph cannot see their values."""
    need_integers(what, labels)
    if labels.dtype == torch.uint8:
        raise ValueError(f"{what} has type {labels.dtype}, which has no {IGNORED}")
    if not _all_true((labels == IGNORED) | ((labels >= 0) & (labels < classes))):
        values = labels[labels != IGNORED]
        raise ValueError(f"{what} are {int(values.min())}..{int(values.max())} beside {IGNORED}, "
                         f"not within 0..{classes - 1}")  # fmt: skip


def _all_true(condition: Tensor) -> bool:
    """Read one verdict from the device; a compiled graph or a tensor without data is trusted."""
    if condition.is_meta or torch.compiler.is_compiling():
        return True
    return bool(condition.all())
