"""The backbone: shapes, norms, freezing, pixels."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model import LayoutLMv2ForPreTraining, LayoutLMv2Model, preset
from model.detectron2_args import PIXEL_MEAN, PIXEL_STD
from model.norm import ChannelNorm
from model.visual import NormedConv, VisualBackbone


def test_features_are_a_grid_of_pooled_p2() -> None:
    backbone = VisualBackbone(preset("tiny")).eval()
    image = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    levels = backbone.backbone.bottom_up(torch.randn(1, 3, 224, 224))
    assert [tuple(level.shape[1:]) for level in levels] == [(8, 56, 56), (16, 28, 28), (32, 14, 14), (64, 7, 7)]
    features = backbone(image)
    assert features.shape == (2, 49, 16)
    p2 = backbone.backbone((image - backbone.pixel_mean) / backbone.pixel_std)
    assert p2.shape == (2, 16, 56, 56)
    torch.testing.assert_close(features[1, 9], p2[1, :, 8:16, 16:24].mean((1, 2)))  # row 1, column 2
    torch.testing.assert_close(features, nn.functional.adaptive_avg_pool2d(p2, 7).flatten(2).transpose(1, 2))


def test_integer_and_float_pictures_are_the_same_to_the_model() -> None:
    backbone = VisualBackbone(preset("tiny")).eval()
    image = torch.randint(0, 256, (1, 3, 224, 224), dtype=torch.uint8)
    assert torch.equal(backbone(image), backbone(image.float()))


def test_pixels_are_normalised_by_channel() -> None:
    backbone = VisualBackbone(preset("tiny"))
    seen = []
    backbone.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    backbone(torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1).expand(1, 3, 224, 224) + torch.tensor(PIXEL_STD).view(3, 1, 1))
    torch.testing.assert_close(seen[0], torch.ones(1, 3, 224, 224))


def test_live_norm_is_torch_batch_norm() -> None:
    ours, theirs = ChannelNorm(5, "live"), nn.BatchNorm2d(5)
    for _ in range(3):
        maps = torch.randn(4, 5, 6, 6) * 3 + 1
        torch.testing.assert_close(ours(maps), theirs(maps))
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    torch.testing.assert_close(ours.eval()(maps), theirs.eval()(maps))


def test_frozen_norm_neither_learns_nor_follows_the_batch() -> None:
    norm = ChannelNorm(5, "frozen").train()
    assert not list(norm.parameters())
    assert norm.state_dict().keys() == ChannelNorm(5, "live").state_dict().keys()
    norm(torch.randn(4, 5, 6, 6) * 3 + 1)
    assert torch.equal(norm.running_mean, torch.zeros(5))


@pytest.mark.parametrize("stages", range(6))
def test_frozen_stages_have_no_gradient(stages: int) -> None:
    visual = LayoutLMv2Model(preset("tiny", visual_freeze_at=stages)).visual
    visual(torch.randint(0, 256, (2, 3, 224, 224))).sum().backward()
    for number, name in enumerate(("stem", "res2", "res3", "res4", "res5")):
        parameters = list(getattr(visual.backbone.bottom_up, name).parameters())
        assert parameters
        assert all((p.grad is None) == (number < stages) for p in parameters)


def test_only_the_unused_output_convolutions_do_not_learn() -> None:
    model = LayoutLMv2ForPreTraining(preset("tiny"))
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    stored = "layoutlmv2.visual.backbone.fpn_output"
    assert fixed == {f"{stored}{level}.{part}" for level in (3, 4, 5) for part in ("weight", "bias")}


@pytest.mark.parametrize("channels", [2, 8, 15, 16, 40])
@pytest.mark.parametrize("size", [1, 3])
def test_strides_are_those_of_a_convolution(channels: int, size: int) -> None:
    """Few channels last, a stride and 1x1: with AVX-512 oneDNN would write beyond its buffer."""
    conv = NormedConv(channels, 24, size, "live", stride=2).eval()
    exact = conv.weight.detach().double().requires_grad_()
    for side in (7, 8, 56):
        maps = torch.randn(4, channels, side, side).contiguous(memory_format=torch.channels_last).requires_grad_()
        found = conv(maps)
        wanted = nn.functional.conv2d(maps.double(), exact, stride=2, padding=size // 2) / (1 + 1e-5) ** 0.5
        torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-5)
        upstream = torch.randn_like(found)
        gradients = torch.autograd.grad(found, (maps, conv.weight), upstream)
        expected = torch.autograd.grad(wanted, (maps, exact), upstream.double())
        for one, other in zip(gradients, expected, strict=True):
            torch.testing.assert_close(one.double(), other.double(), rtol=1e-3, atol=1e-3)
