"""What a run writes down, and that a killed process does not spoil it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from jobs.train.log import METRICS_FILE, RunLog, read_metrics, skipped_samples


def test_metrics_come_back_by_step_and_the_last_line_counts(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0, tensorboard=False) as log:
        for step, loss in ((0, 3.0), (1, 2.5), (2, 2.0)):
            log.metrics(step, {"loss": loss})
    with RunLog(tmp_path, 0, tensorboard=False) as log:  # gone back to step 1
        log.metrics(1, {"loss": 2.4})
    assert read_metrics(tmp_path) == [{"step": 0, "loss": 3.0}, {"step": 1, "loss": 2.4}, {"step": 2, "loss": 2.0}]


def test_each_rank_has_its_samples_and_the_first_one_the_metrics(tmp_path: Path) -> None:
    for rank in (0, 1):
        with RunLog(tmp_path, rank, tensorboard=False) as log:
            log.samples(0, [rank, rank + 2], ["a", "b"])
            log.metrics(0, {"loss": float(rank)})
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["rank-00000.jsonl", "rank-00001.jsonl"]
    line = json.loads((tmp_path / "samples" / "rank-00001.jsonl").read_text())
    assert line == {"step": 0, "positions": [1, 3], "keys": ["a", "b"]}
    assert read_metrics(tmp_path) == [{"step": 0, "loss": 0.0}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40))
def test_a_line_that_was_cut_anywhere_spoils_no_other(tmp_path: Path, cut: int) -> None:
    (tmp_path / METRICS_FILE).unlink(missing_ok=True)
    with RunLog(tmp_path, 0, tensorboard=False) as log:
        log.metrics(0, {"loss": 1.0})
        log.metrics(1, {"loss": 0.5})
    whole = (tmp_path / METRICS_FILE).read_bytes()
    (tmp_path / METRICS_FILE).write_bytes(whole[: max(0, len(whole) - cut)])
    with RunLog(tmp_path, 0, tensorboard=False) as log:
        log.metrics(1, {"loss": 0.25})
    found = {values["step"]: values["loss"] for values in read_metrics(tmp_path)}
    assert found[1] == 0.25
    assert found.get(0, 1.0) == 1.0


def test_skipped_samples_are_named_once_and_no_more_than_asked_for(tmp_path: Path) -> None:
    for rank, reasons in ((0, ["a: bad", "b: bad"]), (1, ["c: bad"])):
        with RunLog(tmp_path, rank, tensorboard=False) as log:
            for step in range(3):
                log.samples(step, [step], ["k"], reasons if step else ())
    with (tmp_path / "samples" / "rank-00001.jsonl").open("ab") as file:
        file.write(b'{"step":3,"positions":[3],"keys":["k"],"skipped":["d: b')  # killed here
    assert skipped_samples(tmp_path, 9) == ["a: bad", "b: bad", "c: bad"]
    assert skipped_samples(tmp_path, 2) == ["a: bad", "b: bad"]


def test_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"no run at {tmp_path}"):
        read_metrics(tmp_path)


def test_tensorboard_reads_the_same_values(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0) as log:
        for step in range(3):
            log.metrics(step, {"loss": 3.0 - step})
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(0, 3.0), (1, 2.0), (2, 1.0)]
