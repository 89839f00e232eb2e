"""Files of weights: read without running anything that they hold, written whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
# Heads that no other library knows lie apart: Hugging Face's classes load the body without a word about them.
HEADS_NAME = "pretraining_heads.safetensors"
PICKLED_NAME = "pytorch_model.bin"


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


def read_folder(folder: Path) -> dict[str, Tensor]:
    """The tensors of a model's folder: model.safetensors with the heads beside it, or else pytorch_model.bin.

    ValueError where there is neither, or one is damaged.
    """
    if (folder / WEIGHTS_NAME).is_file():
        tensors = read_tensors(folder / WEIGHTS_NAME)
        if (folder / HEADS_NAME).is_file():
            tensors.update(read_tensors(folder / HEADS_NAME))
        return tensors
    if (folder / PICKLED_NAME).is_file():
        return read_tensors(folder / PICKLED_NAME)
    raise ValueError(f"{folder}: no {WEIGHTS_NAME} and no {PICKLED_NAME}")


def weights_file(place: Path) -> Path:
    """The file of weights in a model's folder, or `place` itself where that is a file; ValueError where none is."""
    if place.is_file():
        return place
    for name in (WEIGHTS_NAME, PICKLED_NAME):
        if (place / name).is_file():
            return place / name
    raise ValueError(f"{place}: no {WEIGHTS_NAME} and no {PICKLED_NAME}")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of one file, by its form: safetensors, or a pickle of which only tensors are let through.

    A training checkpoint, with its weights under "model" or "state_dict", is read too. ValueError for anything else.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{path}: not a complete safetensors file: {error}") from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a damaged pickle raises nearly anything
        text = str(error).strip().split("\n")[0][:200]
        raise ValueError(f"{path}: not a readable file of tensors alone: {text or type(error).__name__}") from None
    for key in ("model", "state_dict"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError(f"{path}: holds no dictionary of tensors")
    if odd := [name for name, tensor in found.items() if tensor.is_meta or tensor.layout is not torch.strided]:
        raise ValueError(f"{path}: {odd[0]} is sparse or has no data")
    return {str(name): tensor for name, tensor in found.items()}


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file atomically; what shares memory, as tied layers do, is written for each name."""
    own: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        flat = tensor.detach().cpu().contiguous()
        place = flat.untyped_storage().data_ptr()
        own[name] = flat.clone() if place in seen else flat
        seen.add(place)
    with replacing(path) as temporary:
        save_tensors(own, temporary)


def save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write `tensors`, which share no memory, to a new file with the rights of any new file.

    safetensors by itself makes one that nobody else may read.
    """
    path.touch()
    mode = path.stat().st_mode
    save_file(tensors, path, metadata={"format": "pt"})
    if path.stat().st_mode != mode:
        path.chmod(mode)


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
