"""Loading and saving: a folder with config.json and model.safetensors, as Hugging Face's classes write and read it."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from model.config import LayoutLMv2Config
from model.files import CONFIG_NAME, HEADS_NAME, WEIGHTS_NAME, read_config, read_folder, replacing, write_tensors
from model.report import LoadReport, copy_exactly, some

BODY = "layoutlmv2."
_POOLER = BODY + "pooler."
_USE = "visual_use"  # in config.json: whose the visual fields are; Hugging Face's classes pass it on

# Buffers of older files that are a function of the configuration, and counters of batch normalisation.
_IGNORED = {
    "a buffer that follows from the configuration": re.compile(
        r"layoutlmv2\.(embeddings\.position_ids|visual\.pixel_mean|visual\.pixel_std)"
    ),
    "a counter of batch normalisation": re.compile(r"layoutlmv2\.visual\..*\.num_batches_tracked"),
}
_OF_ANOTHER_CLASS = "a head of another class"

_log = logging.getLogger(__name__)


class PretrainedModel(nn.Module):
    """Base of all models: a configuration, and a folder to load from and save to.

    A class with a head has its body as `layoutlmv2` and names its other children in `head_names`; the bare model is
    its own body.
    """

    head_names: ClassVar[tuple[str, ...]] = ()
    absent_is_zero: ClassVar[tuple[str, ...]] = ()  # weights that a file may lack, since zeros mean the same
    heads_apart: ClassVar[bool] = False  # in a file of their own, as Hugging Face has no such class
    # What the class is for, and how the backbone learns where the folder does not say it for that.
    use: ClassVar[Literal["body", "pre-training", "fine-tuning"]] = "fine-tuning"
    visual_defaults: ClassVar[Mapping[str, Any]] = {"visual_norm": "frozen", "visual_freeze_at": 2}
    whole_graph: ClassVar[bool] = True  # `model.compiling` makes one graph of all of it, or else of the body
    load_report: LoadReport | None = None  # of `from_pretrained`

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.config = config

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: Mapping[str, Any] | None = None, every_n_layers: int = 1, **others: Any
    ) -> None:
        """Keep only the layers' inputs for the backward pass and compute the rest again: less memory, more time.

        Of every `every_n_layers` layers one is treated so. Whatever the first argument says (it is there for Hugging
        Face's Trainer), the form that is not re-entrant is used. Raises ValueError for another option that is on.
        """
        unknown = sorted(name for name, value in others.items() if value)
        if unknown:
            raise ValueError(f"{unknown[0]} is {others[unknown[0]]!r}, which this model cannot do")
        if every_n_layers < 1:
            raise ValueError(f"every_n_layers is {every_n_layers}, not at least 1")
        self._checkpoint(every_n_layers)

    def gradient_checkpointing_disable(self) -> None:
        """Keep everything for the backward pass."""
        self._checkpoint(0)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write config.json and model.safetensors, weights first, each atomically. The folder is made if need be.

        The heads of pre-training go to pretraining_heads.safetensors.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        tensors = self.state_dict()
        apart = {name for name in tensors if self.heads_apart and not name.startswith(BODY)}
        if apart:
            write_tensors(path / HEADS_NAME, {name: tensors[name] for name in apart})
        else:
            (path / HEADS_NAME).unlink(missing_ok=True)  # of another model that was here
        write_tensors(path / WEIGHTS_NAME, {name: tensors[name] for name in tensors if name not in apart})
        values = {**self.config.to_dict(), "architectures": [type(self).__name__], _USE: self.use}
        with replacing(path / CONFIG_NAME) as temporary:
            temporary.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str], **overrides: Any) -> Self:
        """A model in evaluation mode with the weights of `folder`; `overrides` are fields of the configuration.

        Read are safetensors, or pytorch_model.bin with nothing but tensors in it. The body must be complete and nothing
        may be left over. A head is taken from a folder of the same class ("architectures" in config.json), and is then
        strict too; from a folder of another class, only the body is taken and the head stays as drawn, which is logged.
        Every tensor is accounted for in the model's `load_report`. Pre-training and fine-tuning treat the backbone
        differently: `visual_norm` and `visual_freeze_at` are the folder's where a class of the same use saved it, and
        this class's defaults otherwise. Raises ValueError saying what is missing, unexpected, of another shape, not
        finite, or unreadable.
        """
        path = Path(folder)
        values = read_config(path)
        classes = values.get("architectures")
        architectures = classes if isinstance(classes, list) else []
        defaults = {} if cls._kept(values) else cls.visual_defaults
        for name in sorted(defaults.keys() - overrides):
            if (stored := values.get(name, defaults[name])) != defaults[name]:
                _log.warning("%s: %s is %r for %s; %r in the folder is of another use",
                             path, name, defaults[name], cls.__name__, stored)  # fmt: skip
        config = LayoutLMv2Config.from_dict({**values, **defaults})
        model = cls(config.replace(**overrides))
        model.load_report = fill(model, read_folder(path), architectures, path)
        return model.eval()

    @classmethod
    def _kept(cls, values: Mapping[str, Any]) -> bool:
        """Whether the visual fields of a folder's configuration are of the use that this class has."""
        # A body from a fine-tuning is on its way to another one; a bare body may come from pre-training as well.
        uses = (cls.use, "fine-tuning") if cls.use == "body" else (cls.use,)
        return "visual_norm" in values and values.get(_USE) in uses

    def _checkpoint(self, every: int) -> None:
        for module in self.modules():
            if isinstance(getattr(module, "checkpoint_every", None), int):
                module.checkpoint_every = every  # type: ignore[assignment]


@torch.no_grad()
def fill(model: PretrainedModel, stored: Mapping[str, Tensor], architectures: list[Any], source: Path) -> LoadReport:
    """Copy `stored` into `model` under the rules of `from_pretrained`."""
    report = LoadReport(str(source), type(model).__name__)
    wanted = _full_names(model.state_dict())
    own_name = dict(zip(_full_names(stored), stored, strict=True))
    given: dict[str, Tensor] = {}
    for name, tensor in _full_names(stored).items():
        rule = next((why for why, pattern in _IGNORED.items() if pattern.fullmatch(name)), None)
        if rule is None:
            given[name] = tensor
        else:
            report.ignored[own_name[name]] = rule
    if not _is_of_class(model, given, architectures):
        # Another class has other heads, and pre-training can do without the pooler: neither is part of the body.
        for name in [name for name in given if not _in_body(name) and not (_pools(name) and name in wanted)]:
            report.ignored[own_name[name]] = _OF_ANOTHER_CLASS
            del given[name]
        report.missing = [name for name in wanted if not _in_body(name) and name not in given]
    report.loaded = [own_name[name] for name in given]
    zeros = {name: torch.zeros_like(wanted[name]) for name in model.absent_is_zero if name not in given}
    copy_exactly(wanted, {**given, **zeros}, str(source), type(model).__name__, report.missing)
    report.missing += zeros
    if set(report.missing) - set(zeros):
        names = some(set(report.missing) - set(zeros))
        _log.warning("%s: not in %s, newly initialised: %s", type(model).__name__, source, names)
    _log.info("%s", report)
    return report


def _full_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names as in a class with a head: those of a bare model get the body's prefix."""
    if any(name.startswith(BODY) for name in tensors):
        return dict(tensors)
    return {BODY + name: tensor for name, tensor in tensors.items()}


def _is_of_class(model: PretrainedModel, given: Mapping[str, Tensor], architectures: list[Any]) -> bool:
    """By the class that the folder names, or, where it names none, by the heads that it holds."""
    if architectures:
        return type(model).__name__ in architectures
    return {name.split(".")[0] for name in given if not name.startswith(BODY)} == set(model.head_names)


def _pools(name: str) -> bool:
    return name.startswith(_POOLER)


def _in_body(name: str) -> bool:
    return name.startswith(BODY) and not _pools(name)
