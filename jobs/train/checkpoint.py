"""Checkpoints that are whole or absent: a folder under a temporary name, fsynced, renamed; commit.json last.

Weights and optimiser moments are safetensors, everything else is JSON. The newest folder that verifies is the one
that loads; a damaged one is passed over, with a warning that names it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from model.files import save_tensors
from pipeline.shards.files import sync_folder
from schemas.checkpoint import COMMIT_FILE, CheckpointCommit
from schemas.dataset import FileRef
from schemas.stream import StreamState

CHECKPOINTS = "checkpoints"  # the folder of a run that holds them
MODEL_FILE, OPTIM_FILE = "model.safetensors", "optimizer.safetensors"
_NAME = re.compile(r"step-([0-9]{8})")


@dataclass(frozen=True)
class Found:
    """A checkpoint that verified."""

    path: Path
    commit: CheckpointCommit


def save(folder: Path, step: int, model: nn.Module, optimizer: Optimizer, stream: StreamState) -> Path:
    """Write the checkpoint of a finished step; the folder appears whole or not at all.

    One that is there already stays if it verifies, and is replaced if it is damaged.
    """
    final = folder / _name(step)
    if final.exists() and _is_whole(final):
        return final
    folder.mkdir(parents=True, exist_ok=True)
    temporary, damaged = (folder / f".{final.name}.{secrets.token_hex(4)}.tmp" for _ in range(2))
    temporary.mkdir()
    try:
        _save_tensors(temporary / MODEL_FILE, model.state_dict())
        _save_tensors(temporary / OPTIM_FILE, _moments(model, optimizer))
        files = [_ref(temporary / name) for name in (MODEL_FILE, OPTIM_FILE)]
        commit = CheckpointCommit(step=step, stream=stream, files=files)
        _write(temporary / COMMIT_FILE, commit.to_json())
        sync_folder(temporary)
        if final.exists():
            final.replace(damaged)
        temporary.replace(final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder)
    shutil.rmtree(damaged, ignore_errors=True)
    return final


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _is_whole(path: Path) -> bool:
    try:
        verify(path)
    except ValueError:
        return False
    return True


def newest(folder: Path) -> tuple[Found | None, list[str]]:
    """The newest checkpoint that verifies, and what was wrong with the newer ones."""
    faults: list[str] = []
    names = (
        sorted((p.name for p in folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True) if folder.is_dir() else []
    )
    for name in names:
        try:
            return Found(folder / name, verify(folder / name)), faults
        except ValueError as error:
            faults.append(str(error))
    return None, faults


def verify(path: Path) -> CheckpointCommit:
    """The commit of a checkpoint whose files are all as they were written; ValueError naming the one that is not."""
    try:
        commit = _read_commit(path)
        for ref in commit.files:
            if _ref(path / ref.name) != ref:
                raise ValueError(f"{path / ref.name} is not what was written (size or sha256 differs)")
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from None
    return commit


def _read_commit(path: Path) -> CheckpointCommit:
    try:
        commit = CheckpointCommit.from_json((path / COMMIT_FILE).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path / COMMIT_FILE}: {error}") from None
    if _name(commit.step) != path.name or [ref.name for ref in commit.files] != [MODEL_FILE, OPTIM_FILE]:
        raise ValueError(f"{path / COMMIT_FILE} is of another checkpoint (step {commit.step})")
    return commit


def load(found: Found, model: nn.Module, optimizer: Optimizer | None = None) -> None:
    """Put a verified checkpoint into a model and its optimiser."""
    try:
        model.load_state_dict(load_file(found.path / MODEL_FILE))
        if optimizer is not None:
            _restore(model, optimizer, load_file(found.path / OPTIM_FILE))
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise ValueError(f"{found.path} does not fit the model: {error}") from None


def prune(folder: Path, step: int, keep: int = 2) -> None:
    """Remove all but the newest `keep` checkpoints up to `step`, and what killed runs left half-written.

    A later one than the step just saved is damaged, or the run would have gone on from it: it must not count.
    """
    steps = sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name) and p.name <= _name(step))
    for path in [*steps[:-keep], *folder.glob(".step-*.tmp")]:
        shutil.rmtree(path, ignore_errors=True)


def _moments(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts under the names of the parameters."""
    state = optimizer.state
    return {
        f"{name}.{kind}": value
        for name, parameter in model.named_parameters()
        for kind, value in sorted(state.get(parameter, {}).items())
    }


def _restore(model: nn.Module, optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    for name, parameter in model.named_parameters():
        for kind in ("exp_avg", "exp_avg_sq", "step") if parameter.requires_grad else ():
            value = tensors[f"{name}.{kind}"]
            optimizer.state[parameter][kind] = value.to(parameter.device) if kind != "step" else value


def _save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    # Tied or sliced tensors share memory, which safetensors refuses: each gets its own.
    own = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    save_tensors(own, path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _ref(path: Path) -> FileRef:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return FileRef(name=path.name, size=path.stat().st_size, sha256=digest.hexdigest())


def seed_step(seed: int, step: int, rank: int) -> None:
    """Dropout of a step as a function of (seed, step, rank), so that a resumed run draws the same."""
    name = f"{seed}\0dropout\0{step}\0{rank}".encode()
    torch.manual_seed(int.from_bytes(blake2b(name, digest_size=8).digest(), "little"))
