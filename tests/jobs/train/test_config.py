"""run.json: written once, and whatever differs later is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.train.config import RUN_FILE, OptimConfig, RunConfig, pinned_datasets, read_objectives, settle
from schemas.stream import Objectives, Part, StreamSpec


def _config(**changes: Any) -> RunConfig:
    spec = StreamSpec(datasets=(Part(dataset="a" * 64),), tokenizer="b" * 64, global_batch=8)
    fields: dict[str, Any] = {"train": "/t", "preset": "tiny", "steps": 10, "seed": 0, "stream": spec,
                              "optim": OptimConfig(), "checkpoint_every": 5, **changes}  # fmt: skip
    return RunConfig(**fields)


def test_the_same_run_settles_again(tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    assert pinned_datasets(run) is None
    settle(run, _config())
    before = (run / RUN_FILE).read_bytes()
    settle(run, _config())
    assert (run / RUN_FILE).read_bytes() == before
    assert RunConfig.from_json(before) == _config()
    assert pinned_datasets(run) == ["a" * 64]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"train": "/other"}, "another train: it was '/t', now '/other'"),
        ({"preset": "small"}, "another preset: it was 'tiny', now 'small'"),
        ({"steps": 11}, "another steps: it was 10, now 11"),
        ({"seed": 1}, "another seed: it was 0, now 1"),
        ({"checkpoint_every": 4}, "another checkpoint_every: it was 5, now 4"),
        ({"optim": OptimConfig(learning_rate=1e-3)}, r"another optim\.learning_rate: it was 0\.0005, now 0\.001"),
        ({"optim": OptimConfig(betas=(0.9, 0.98))}, r"another optim\.betas: it was \[0\.9, 0\.999\]"),
        (
            {"stream": StreamSpec(datasets=(Part(dataset="c" * 64),), tokenizer="b" * 64, global_batch=8)},
            r"another stream\.datasets: it was \[\{'dataset': 'aaaa",
        ),
        (
            {"stream": _config().stream.model_copy(update={"objectives": Objectives(mvlm_rate=0.2)})},
            r"another stream\.objectives\.mvlm_rate: it was 0\.15, now 0\.2",
        ),
    ],
)  # fmt: skip
def test_any_difference_is_named(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    settle(tmp_path / "run", _config())
    with pytest.raises(ValueError, match=text):
        settle(tmp_path / "run", _config(**changes))


def test_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty and holds no run"):
        settle(tmp_path, _config())
    with pytest.raises(ValueError, match=r"notes\.txt is a file, expected a folder"):
        settle(tmp_path / "notes.txt", _config())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_and_a_killed_first_start_are_fine(tmp_path: Path) -> None:
    settle(tmp_path, _config())
    (tmp_path / RUN_FILE).rename(tmp_path / f".{RUN_FILE}.0a1b2c3d.tmp")
    settle(tmp_path, _config())
    assert RunConfig.from_json((tmp_path / RUN_FILE).read_bytes()) == _config()


def test_a_damaged_run_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_text("{")
    for function in (lambda: settle(tmp_path, _config()), lambda: pinned_datasets(tmp_path)):
        with pytest.raises(ValueError, match=f"^{tmp_path / RUN_FILE}: RunConfig"):
            function()


def test_damaged_objectives_are_named_with_their_file(tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_text('{"mask_rate": 7}')
    with pytest.raises(ValueError, match=f"^{file}: Objectives"):
        read_objectives(file)
