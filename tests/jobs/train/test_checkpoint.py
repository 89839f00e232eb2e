"""Checkpoints: whole or absent, exactly restored, and the newest one that verifies is the one that counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import AdamW

from jobs.train import checkpoint
from schemas.checkpoint import COMMIT_FILE, CheckpointCommit
from schemas.stream import StreamState

Pair = tuple[nn.Module, AdamW]


def _stream(step: int) -> StreamState:
    return StreamState(spec_digest="a" * 64, epoch=0, samples_consumed=8 * step)


def _pair(seed: int, steps: int = 3, *, frozen: bool = False) -> Pair:
    """A model with buffers and tied weights, and an optimiser that has been used."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    model[1].weight.requires_grad_(not frozen)
    optimizer = AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(steps):
        _advance((model, optimizer))
    return model, optimizer


def _advance(pair: Pair) -> float:
    model, optimizer = pair
    loss = model(torch.randn(8, 4)).pow(2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _save(folder: Path, step: int, pair: Pair | None = None) -> Path:
    return checkpoint.save(folder, step, *(pair or _pair(step)), _stream(step))


def _newest(folder: Path) -> int | None:
    found, _ = checkpoint.newest(folder)
    return found.commit.step if found else None


def test_a_checkpoint_names_its_files_step_and_stream(tmp_path: Path) -> None:
    path = _save(tmp_path / "new" / "checkpoints", 7)
    assert path.name == "step-00000007"
    assert sorted(file.name for file in path.iterdir()) == [COMMIT_FILE, "model.safetensors", "optimizer.safetensors"]
    commit = checkpoint.verify(path)
    assert (commit.step, commit.stream) == (7, _stream(7))
    assert [ref.name for ref in commit.files] == ["model.safetensors", "optimizer.safetensors"]
    assert [entry.name for entry in path.parent.iterdir()] == ["step-00000007"]


@pytest.mark.parametrize("frozen", [False, True])
def test_what_is_loaded_goes_on_exactly(tmp_path: Path, frozen: bool) -> None:
    pair = _pair(1, frozen=frozen)
    _save(tmp_path, 3, pair)
    found, _ = checkpoint.newest(tmp_path)
    other = _pair(2, steps=0, frozen=frozen)
    assert found is not None
    checkpoint.load(found, *other)
    for (name, mine), theirs in zip(pair[0].state_dict().items(), other[0].state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
    for _ in range(3):
        torch.manual_seed(9)
        mine = _advance(pair)
        torch.manual_seed(9)
        assert _advance(other) == mine
    assert all(torch.equal(a, b) for a, b in zip(pair[0].parameters(), other[0].parameters(), strict=True))


def test_the_model_alone_can_be_loaded(tmp_path: Path) -> None:
    pair = _pair(1)
    _save(tmp_path, 3, pair)
    found, _ = checkpoint.newest(tmp_path)
    other, _ = _pair(2)
    assert found is not None
    checkpoint.load(found, other)
    assert all(torch.equal(a, b) for a, b in zip(pair[0].parameters(), other.parameters(), strict=True))


def test_another_model_is_refused(tmp_path: Path) -> None:
    _save(tmp_path, 3)
    found, _ = checkpoint.newest(tmp_path)
    assert found is not None
    for other in (nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 4))):
        with pytest.raises(ValueError, match="step-00000003 does not fit the model"):
            checkpoint.load(found, other)


def test_no_folder_and_no_checkpoint_are_none(tmp_path: Path) -> None:
    assert checkpoint.newest(tmp_path / "absent") == (None, [])
    (tmp_path / "step-1").mkdir()
    (tmp_path / "step-00000009.bak").mkdir()
    (tmp_path / ".step-00000009.0a1b.tmp").mkdir()
    assert checkpoint.newest(tmp_path) == (None, [])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _remove(path: Path) -> None:
    path.unlink()


def _become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [_cut, _flip, _remove, _become_a_folder])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", COMMIT_FILE])
def test_a_damaged_newest_is_passed_over_by_name(tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    for step in (1, 2, 3):
        _save(tmp_path, step)
    harm(tmp_path / "step-00000003" / name)
    found, faults = checkpoint.newest(tmp_path)
    assert found is not None
    assert found.commit.step == 2
    assert len(faults) == 1
    assert str(tmp_path / "step-00000003" / name) in faults[0]


def test_a_checkpoint_of_another_step_is_none(tmp_path: Path) -> None:
    """A folder that was renamed by hand would go on from the wrong place."""
    _save(tmp_path, 1)
    (tmp_path / "step-00000001").rename(tmp_path / "step-00000005")
    assert _newest(tmp_path) is None


@pytest.mark.parametrize(
    "files", [[], ["model.safetensors"], ["model.safetensors", "../step-00000001/optimizer.safetensors"]]
)
def test_a_commit_must_name_both_files(tmp_path: Path, files: list[str]) -> None:
    path = _save(tmp_path, 1)
    commit = checkpoint.verify(path)
    refs = [ref.model_copy(update={"name": name}) for ref, name in zip(commit.files, files, strict=False)]
    (path / COMMIT_FILE).write_bytes(commit.model_copy(update={"files": refs}).to_json())
    with pytest.raises(ValueError, match=COMMIT_FILE):
        checkpoint.verify(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cut_or_flipped_byte_is_found(
    tmp_path_factory: pytest.TempPathFactory, saved: Path, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = Path(shutil.copytree(saved, folder / saved.name))
    file = path / data.draw(st.sampled_from(["model.safetensors", "optimizer.safetensors"]))
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    with pytest.raises(ValueError, match=file.name):
        checkpoint.verify(path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint to be copied."""
    return _save(tmp_path_factory.mktemp("saved"), 4)


class Crash(BaseException):
    """Stands for a kill: nothing may catch it and go on."""


def _crashes(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Make the `at`-th call of what touches the disk crash instead; how many calls there were."""
    count = 0

    def wrap(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Crash(name)
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, step)

    for owner, name in (
        (checkpoint, "save_tensors"),
        (checkpoint, "sync_folder"),
        (checkpoint, "_ref"),
        (checkpoint, "_write"),
        (checkpoint.os, "fsync"),
        (Path, "mkdir"),
        (Path, "replace"),
    ):
        wrap(owner, name)
    # A killed process tidies nothing up.
    monkeypatch.setattr(checkpoint.shutil, "rmtree", lambda *_, **__: None)
    return lambda: count


@pytest.mark.parametrize("damaged", [False, True])
def test_a_crash_at_any_step_of_saving_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    """`damaged`: a broken checkpoint lies in the new one's place."""
    steps = 0
    for at in range(1, 100):
        folder = tmp_path / str(at)
        _save(folder, 1)
        if damaged:
            _cut(_save(folder, 2) / "model.safetensors")
        with monkeypatch.context() as patch:
            calls = _crashes(patch, at)
            try:
                _save(folder, 2)
            except Crash:
                steps += 1
            done = calls() < at
        found, _ = checkpoint.newest(folder)
        assert found is not None
        assert found.commit.step in ((2,) if done else (1, 2))
        checkpoint.load(found, *_pair(8))
        _save(folder, 2)  # and the next attempt succeeds
        assert _newest(folder) == 2
        checkpoint.prune(folder, 2)
        assert sorted(entry.name for entry in folder.iterdir()) == ["step-00000001", "step-00000002"]
        if done:
            break
    assert steps > 8


def test_an_error_while_saving_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _save(tmp_path, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_write", full)
    with pytest.raises(OSError, match="No space"):
        _save(tmp_path, 2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000001"]


def test_a_whole_checkpoint_is_not_written_again_and_a_damaged_one_is(tmp_path: Path) -> None:
    path = _save(tmp_path, 1)
    before = (path / COMMIT_FILE).stat().st_mtime_ns
    assert _save(tmp_path, 1) == path
    assert (path / COMMIT_FILE).stat().st_mtime_ns == before
    _flip(path / "model.safetensors")
    assert _save(tmp_path, 1) == path
    assert checkpoint.verify(path).step == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000001"]


def test_pruning_keeps_the_newest_and_clears_up(tmp_path: Path) -> None:
    for step in range(1, 6):
        _save(tmp_path, step)
    (tmp_path / ".step-00000003.0a1b2c3d.tmp").mkdir()
    (tmp_path / "notes").mkdir()
    checkpoint.prune(tmp_path, 5)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["notes", "step-00000004", "step-00000005"]


def test_pruning_does_not_count_damaged_ones_ahead(tmp_path: Path) -> None:
    """A run whose later checkpoints are damaged begins again: what it saves now must outlive them."""
    for step in (10, 20):
        _cut(_save(tmp_path, step) / "model.safetensors")
    for step in (5, 10):
        _save(tmp_path, step)
        checkpoint.prune(tmp_path, step)
        assert _newest(tmp_path) == step
    assert CheckpointCommit.from_json((tmp_path / "step-00000005" / COMMIT_FILE).read_bytes()).step == 5


def test_dropout_is_a_function_of_seed_step_and_rank() -> None:
    def drawn(*key: int) -> tuple[float, ...]:
        checkpoint.seed_step(*key)
        return tuple(torch.rand(3).tolist())

    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**63 - 1, 10**9, 4095)]
    assert len({drawn(*key) for key in keys}) == len(keys)
    assert drawn(3, 4, 5) == drawn(3, 4, 5)
