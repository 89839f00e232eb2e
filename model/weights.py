"""Loading and saving: a folder with config.json and model.safetensors, as Hugging Face's classes write and read it.

Nothing is unpickled. Files are written under a temporary name, synced and renamed.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from model.config import LayoutLMv2Config

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
_BODY = "layoutlmv2."
_POOLER = _BODY + "pooler."

# Buffers of older files that are a function of the configuration, and counters of batch normalisation.
_IGNORED = re.compile(
    r"layoutlmv2\.(embeddings\.position_ids|visual\.pixel_mean|visual\.pixel_std|visual\..*\.num_batches_tracked)"
)
_NAMED_AT_MOST = 20

_log = logging.getLogger(__name__)


class PretrainedModel(nn.Module):
    """Base of all models: a configuration, and a folder to load from and save to.

    A class with a head has its body as `layoutlmv2` and names its other children in `head_names`; the bare model is
    its own body.
    """

    head_names: ClassVar[tuple[str, ...]] = ()
    absent_is_zero: ClassVar[tuple[str, ...]] = ()  # weights that a file may lack, since zeros mean the same

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.config = config

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write config.json and model.safetensors, weights first, each atomically. The folder is made if need be."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}
        values = {**self.config.to_dict(), "architectures": [type(self).__name__]}
        with replacing(path / WEIGHTS_NAME) as temporary:
            save_file(tensors, temporary, metadata={"format": "pt"})
        with replacing(path / CONFIG_NAME) as temporary:
            temporary.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str], **overrides: Any) -> Self:
        """A model in evaluation mode with the weights of `folder`; `overrides` are fields of the configuration.

        The body must be complete and nothing may be left over. A head is taken from a folder of the same class
        ("architectures" in config.json), and is then strict too; from a folder of another class, only the body is
        taken and the head stays as drawn, which is logged. Raises ValueError saying what is missing, unexpected, of
        another shape, or unreadable.
        """
        path = Path(folder)
        values = read_config(path)
        model = cls(LayoutLMv2Config.from_dict(values).replace(**overrides))
        architectures = values.get("architectures")
        fill(model, read_weights(path), architectures if isinstance(architectures, list) else [], path)
        return model.eval()


def read_config(folder: Path) -> dict[str, Any]:
    """The dictionary of config.json; ValueError where there is none."""
    try:
        values = json.loads((folder / CONFIG_NAME).read_bytes())
    except OSError as error:
        raise ValueError(f"{folder}: cannot read {CONFIG_NAME}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{folder}: {CONFIG_NAME} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{folder}: {CONFIG_NAME} holds no object")
    return values


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of model.safetensors; ValueError where it is not there or damaged."""
    path = folder / WEIGHTS_NAME
    if not path.is_file():
        raise ValueError(f"{folder}: no {WEIGHTS_NAME} (pickled weights are not read)")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not a complete safetensors file: {error}") from error


@torch.no_grad()
def fill(model: PretrainedModel, stored: Mapping[str, Tensor], architectures: list[Any], source: Path) -> None:
    """Copy `stored` into `model` under the rules of `from_pretrained`."""
    wanted = _full_names(model.state_dict())
    given = {name: tensor for name, tensor in _full_names(stored).items() if not _IGNORED.fullmatch(name)}
    given.update({name: torch.zeros_like(wanted[name]) for name in model.absent_is_zero if name not in given})
    fresh: set[str] = set()
    if not _is_of_class(model, given, architectures):
        # Another class has other heads, and pre-training can do without the pooler: neither is part of the body.
        given = {name: tensor for name, tensor in given.items() if _in_body(name) or (_pools(name) and name in wanted)}
        fresh = {name for name in wanted if not _in_body(name) and name not in given}
    shared = wanted.keys() & given.keys()
    faults = {
        "missing": wanted.keys() - given.keys() - fresh,
        "unexpected": given.keys() - wanted.keys(),
        "of another shape": {
            f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
            for name in shared
            if given[name].shape != wanted[name].shape
        },
    }
    found = [f"{len(names)} {kind}: {_some(names)}" for kind, names in faults.items() if names]
    if found:
        raise ValueError(f"{source} does not fit {type(model).__name__}: {'; '.join(found)}")
    if fresh:
        _log.warning("%s: not in %s, newly initialised: %s", type(model).__name__, source, _some(fresh))
    for name in shared:
        wanted[name].copy_(given[name])


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success sync it and give it the name, on failure remove it."""
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(target)
        _sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _full_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names as in a class with a head: those of a bare model get the body's prefix."""
    if any(name.startswith(_BODY) for name in tensors):
        return dict(tensors)
    return {_BODY + name: tensor for name, tensor in tensors.items()}


def _is_of_class(model: PretrainedModel, given: Mapping[str, Tensor], architectures: list[Any]) -> bool:
    """By the class that the folder names, or, where it names none, by the heads that it holds."""
    if architectures:
        return type(model).__name__ in architectures
    return {name.split(".")[0] for name in given if not name.startswith(_BODY)} == set(model.head_names)


def _pools(name: str) -> bool:
    return name.startswith(_POOLER)


def _in_body(name: str) -> bool:
    return name.startswith(_BODY) and not _pools(name)


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    rest = len(listed) - _NAMED_AT_MOST
    return ", ".join(listed[:_NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")
