"""The visual backbone (paper section 2.1): ResNeXt with a feature pyramid, of which only the finest map, p2, is read.

Module names are detectron2's, so that published weights load; detectron2 itself is not needed.

Shape suffixes: B pages, C channels, F feature pyramid channels, V visual tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, max_pool2d, relu_

from model.config import P2_SIZE, LayoutLMv2Config, VisualNorm
from model.detectron2_args import PIXEL_MEAN, PIXEL_STD
from model.norm import ChannelNorm

_SAFE_CHANNELS = 16  # of the maps that oneDNN may take with a stride by itself; see NormedConv


class NormedConv(nn.Conv2d):
    """Convolution without bias, then its norm, which detectron2 keeps as a child named `norm`.

    A norm with fixed statistics is folded into the convolution: one pass over the maps instead of two, forward and
    backward, and the gradient of the convolution stays exact.

    A 1x1 convolution with a stride is given every second pixel, where its maps have few channels. oneDNN does that
    itself, and on CPUs with AVX-512 writes beyond its buffer then: the process dies of it (uxlfoundation/oneDNN#6035).
    """

    def __init__(self, channels: int, out: int, size: int, norm: VisualNorm, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, size, stride=stride, padding=size // 2, groups=groups, bias=False)
        self.norm = ChannelNorm(out, norm)
        self.skip = 1
        if size == 1 and channels < _SAFE_CHANNELS:
            self.skip, self.stride = stride, (1, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Normalised maps (B, out, height / stride, width / stride)."""
        if self.skip > 1:
            maps = maps[..., :: self.skip, :: self.skip]
        if self.norm.is_fixed:
            scale, shift = self.norm.scale_and_shift()
            weight = self.weight * scale.view(-1, 1, 1, 1)
            return conv2d(maps, weight, shift, self.stride, self.padding, self.dilation, self.groups)
        normed: Tensor = self.norm(super().forward(maps))
        return normed


class Stem(nn.Module):
    """224 x 224 pixels to maps of 56 x 56."""

    def __init__(self, channels: int, norm: VisualNorm) -> None:
        super().__init__()
        self.conv1 = NormedConv(3, channels, 7, norm, stride=2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Maps (B, C, 56, 56)."""
        return max_pool2d(relu_(self.conv1(pixels)), kernel_size=3, stride=2, padding=1)


class Bottleneck(nn.Module):
    """ResNeXt block: 1x1, grouped 3x3 that carries the stride, 1x1, and a shortcut where the channels change."""

    def __init__(self, channels: int, inner: int, out: int, stride: int, groups: int, norm: VisualNorm) -> None:
        super().__init__()
        if channels != out:
            self.shortcut: NormedConv | None = NormedConv(channels, out, 1, norm, stride=stride)
        else:
            self.shortcut = None
        self.conv1 = NormedConv(channels, inner, 1, norm)
        self.conv2 = NormedConv(inner, inner, 3, norm, stride=stride, groups=groups)
        self.conv3 = NormedConv(inner, out, 1, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, out, height / stride, width / stride)."""
        residual = maps if self.shortcut is None else self.shortcut(maps)
        inner = relu_(self.conv2(relu_(self.conv1(maps))))
        return relu_(self.conv3(inner).add_(residual))


class ResNeXt(nn.Module):
    """Stem and four stages; each stage after the first halves the map and doubles the channels."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        norms = [_norm_of_stage(config, stage) for stage in range(5)]
        self.stem = Stem(config.visual_stem_channels, norms[0])
        channels = config.visual_stem_channels
        for stage, blocks in enumerate(config.visual_depths):
            out = config.visual_res2_channels * 2**stage
            inner = config.visual_groups * config.visual_width_per_group * 2**stage
            stage_blocks = [
                Bottleneck(channels if block == 0 else out, inner, out, 1 + (stage > 0 and block == 0),
                           config.visual_groups, norms[stage + 1])
                for block in range(blocks)
            ]  # fmt: skip
            setattr(self, f"res{stage + 2}", nn.Sequential(*stage_blocks))
            channels = out
        self._freeze(config.visual_freeze_at)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Maps of res2..res5: 56, 28, 14 and 7 pixels wide."""
        maps = self.stem(pixels)
        levels = []
        for level in range(2, 6):
            maps = getattr(self, f"res{level}")(maps)
            levels.append(maps)
        return levels

    def _freeze(self, stages: int) -> None:
        for name in ("stem", "res2", "res3", "res4", "res5")[:stages]:
            getattr(self, name).requires_grad_(False)


def _norm_of_stage(config: LayoutLMv2Config, stage: int) -> VisualNorm:
    """A stage that does not learn keeps its statistics, too."""
    return config.visual_norm if stage >= config.visual_freeze_at else "frozen"


class FeaturePyramid(nn.Module):
    """Top-down sums of all levels (nearest-neighbour upsampling), and the output convolution of p2.

    The output convolutions of p3, p4 and p5 are kept, since files hold them, but never run: they have no gradient.
    """

    fpn_lateral5: nn.Conv2d
    fpn_output2: nn.Conv2d

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        out = config.fpn_channels
        for level in range(2, 6):
            channels = config.visual_res2_channels * 2 ** (level - 2)
            output = nn.Conv2d(out, out, 3, padding=1).requires_grad_(level == 2)
            setattr(self, f"fpn_lateral{level}", nn.Conv2d(channels, out, 1))
            setattr(self, f"fpn_output{level}", output)
        self.bottom_up = ResNeXt(config)

    def forward(self, pixels: Tensor) -> Tensor:
        """p2 (B, F, 56, 56)."""
        *lower, top = self.bottom_up(pixels)
        sums: Tensor = self.fpn_lateral5(top)
        for level in (4, 3, 2):
            lateral = getattr(self, f"fpn_lateral{level}")(lower[level - 2])
            sums = lateral + interpolate(sums, scale_factor=2.0, mode="nearest")
        p2: Tensor = self.fpn_output2(sums)
        return p2


class VisualBackbone(nn.Module):
    """Page pictures to a short sequence of visual features."""

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        rows, columns, _ = config.image_feature_pool_shape
        self.pool_size = (P2_SIZE // rows, P2_SIZE // columns)
        self.backbone = FeaturePyramid(config)
        self.register_buffer("pixel_mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(PIXEL_STD).view(3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Features (B, V, F), row by row, of pictures (B, 3, 224, 224): blue, green, red in 0..255, uint8 or float."""
        # Channels last, the form in which convolutions are fastest, on CPUs and on GPUs. The weights stay as they are:
        # others' code that saves them expects it.
        pixels = image.contiguous(memory_format=torch.channels_last).to(self.pixel_mean.dtype)
        pixels = (pixels - self.pixel_mean) / self.pixel_std
        maps = avg_pool2d(self.backbone(pixels), self.pool_size)
        return maps.flatten(2).transpose(1, 2)
