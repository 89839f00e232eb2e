"""Hugging Face's LayoutLMv2 without detectron2: what the model's benchmark and tests compare with.

Detectron2 has no package, so its backbone is written here once more, the way it runs there: channels first, frozen
batch norms as steps of their own, all five levels of the pyramid. The stages that detectron2 freezes are frozen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.layoutlmv2 import modeling_layoutlmv2 as theirs

from model.config import LayoutLMv2Config
from model.detectron2_args import PIXEL_MEAN, PIXEL_STD
from model.objectives import IGNORED, pretraining_loss
from model.pretraining import LayoutLMv2ForPreTraining
from model.visual import VisualBackbone


class FrozenNorm(nn.Module):
    """Scale and shift as two steps where a gradient passes, torch's own otherwise."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))
        self.eps = 1e-5

    def forward(self, maps: Tensor) -> Tensor:
        if not maps.requires_grad:
            return F.batch_norm(maps, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return maps * scale.view(1, -1, 1, 1).to(maps.dtype) + shift.view(1, -1, 1, 1).to(maps.dtype)


class Conv(nn.Conv2d):
    """Convolution with a norm after it."""

    def __init__(self, channels: int, out: int, size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, size, stride, size // 2, groups=groups, bias=False)
        self.norm = FrozenNorm(out)

    def forward(self, maps: Tensor) -> Tensor:
        return self.norm(super().forward(maps))


class Block(nn.Module):
    """Bottleneck with the stride on the grouped convolution."""

    def __init__(self, channels: int, inner: int, out: int, stride: int, groups: int) -> None:
        super().__init__()
        self.shortcut = Conv(channels, out, 1, stride) if channels != out else None
        self.conv1, self.conv2 = Conv(channels, inner, 1), Conv(inner, inner, 3, stride, groups)
        self.conv3 = Conv(inner, out, 1)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.conv3(F.relu_(self.conv2(F.relu_(self.conv1(maps)))))
        inner += maps if self.shortcut is None else self.shortcut(maps)
        return F.relu_(inner)


class ResNeXt(nn.Module):
    """Stem and four stages."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.stem = nn.Module()
        self.stem.conv1 = Conv(3, config.visual_stem_channels, 7, 2)
        channels = config.visual_stem_channels
        for stage, count in enumerate(config.visual_depths):
            out = config.visual_res2_channels * 2**stage
            inner = config.visual_groups * config.visual_width_per_group * 2**stage
            blocks = [
                Block(channels if n == 0 else out, inner, out, 1 + (stage > 0 and n == 0), config.visual_groups)
                for n in range(count)
            ]
            setattr(self, f"res{stage + 2}", nn.Sequential(*blocks))
            channels = out
        for name in ("stem", "res2", "res3", "res4", "res5")[: config.visual_freeze_at]:
            getattr(self, name).requires_grad_(False)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        maps = F.max_pool2d(F.relu_(self.stem.conv1(pixels)), 3, 2, 1)
        levels = []
        for level in range(2, 6):
            maps = getattr(self, f"res{level}")(maps)
            levels.append(maps)
        return levels


class Pyramid(nn.Module):
    """p2 to p6, all of them."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        out = config.fpn_channels
        for level in range(2, 6):
            channels = config.visual_res2_channels * 2 ** (level - 2)
            setattr(self, f"fpn_lateral{level}", nn.Conv2d(channels, out, 1))
            setattr(self, f"fpn_output{level}", nn.Conv2d(out, out, 3, padding=1))
        self.bottom_up = ResNeXt(config)

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        found = self.bottom_up(pixels)
        sums: Tensor | None = None
        outputs = {}
        for level in (5, 4, 3, 2):
            lateral = getattr(self, f"fpn_lateral{level}")(found[level - 2])
            sums = lateral if sums is None else lateral + F.interpolate(sums, scale_factor=2.0, mode="nearest")
            outputs[f"p{level}"] = getattr(self, f"fpn_output{level}")(sums)
        return {**outputs, "p6": F.max_pool2d(outputs["p5"], 1, 2)}


class EagerBackbone(nn.Module):
    """Stands in for detectron2's, and runs as it does."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        ours = LayoutLMv2Config.from_dict(config.to_dict())
        self.cfg = _detectron2_settings()
        self.backbone = Pyramid(ours)
        self.register_buffer("pixel_mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(PIXEL_STD).view(3, 1, 1), persistent=False)
        self.pool = nn.AdaptiveAvgPool2d(ours.image_feature_pool_shape[:2])

    def forward(self, image: Tensor) -> Tensor:
        p2 = self.backbone((image - self.pixel_mean) / self.pixel_std)["p2"]
        return self.pool(p2).flatten(2).transpose(1, 2).contiguous()


class OurBackbone(VisualBackbone):
    """Ours in the place of detectron2's."""

    def __init__(self, config: Any) -> None:
        super().__init__(LayoutLMv2Config.from_dict(config.to_dict()))
        self.cfg = _detectron2_settings()


def _detectron2_settings() -> SimpleNamespace:
    """What Hugging Face's classes ask of the backbone's configuration when they draw weights."""
    return SimpleNamespace(MODEL=SimpleNamespace(PIXEL_MEAN=list(PIXEL_MEAN), PIXEL_STD=list(PIXEL_STD)))


@contextmanager
def without_detectron2(backbone: Callable[[Any], nn.Module]) -> Iterator[Any]:
    """Hugging Face's module of the model, with `backbone` for detectron2's."""
    layers = SimpleNamespace(FrozenBatchNorm2d=FrozenNorm)
    changes = {
        "requires_backends": lambda *_: None,
        "LayoutLMv2VisualBackbone": backbone,
        "detectron2": SimpleNamespace(layers=layers),
    }
    before = {name: getattr(theirs, name, None) for name in changes}
    for name, value in changes.items():
        setattr(theirs, name, value)
    try:
        yield theirs
    finally:
        for name, value in before.items():
            setattr(theirs, name, value)


def their_config(config: LayoutLMv2Config) -> Any:
    """Hugging Face's configuration with our values, as it would read them from our file."""
    values = config.to_dict()
    return theirs.LayoutLMv2Config(**{name: value for name, value in values.items() if name != "model_type"})


class PeerForPreTraining(nn.Module):
    """Their body with our heads and losses: words are scored at masked positions only, here too."""

    def __init__(self, ours: LayoutLMv2ForPreTraining, backbone: Callable[[Any], nn.Module] = EagerBackbone) -> None:
        super().__init__()
        with without_detectron2(backbone) as module:
            self.layoutlmv2 = module.LayoutLMv2Model(their_config(ours.config))
        self.cls, self.tia, self.tim = (copy.deepcopy(head) for head in (ours.cls, ours.tia, ours.tim))
        self.load_state_dict(ours.state_dict())

    def forward(self, mlm_labels: Tensor, tia_labels: Tensor, tim_labels: Tensor, **inputs: Tensor) -> Tensor:
        body = self.layoutlmv2(**inputs)
        text = body.last_hidden_state[:, : mlm_labels.shape[1]]
        words = self.layoutlmv2.embeddings.word_embeddings.weight
        logits = {
            "mvlm": self.cls(text[mlm_labels != IGNORED], words),
            "tia": self.tia(text).squeeze(-1),
            "tim": self.tim(body.pooler_output).squeeze(-1),
        }
        labels = {"mvlm": mlm_labels, "tia": tia_labels, "tim": tim_labels}
        return pretraining_loss(logits, labels).loss
