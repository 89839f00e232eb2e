"""What is said of a run while it trains: on standard error, from its metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.train.config import RunConfig
from jobs.train.log import METRICS_FILE, RunLog
from jobs.train.loop import Place, Trainer
from jobs.train.watch import MetricsTail, watching

VALUES = {"mvlm": 3.0, "tia": 0.5, "tim": 0.25}


def test_the_newest_step_is_told_once_and_only_when_its_line_is_whole(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0, tensorboard=False) as log:
        log.metrics(0, VALUES)
        tail = MetricsTail(tmp_path)
        assert tail.newest() is None  # it was there before
        log.metrics(1, VALUES)
        log.metrics(2, VALUES)
        assert tail.newest() == {"step": 2, **VALUES}
        assert tail.newest() is None
    with (tmp_path / METRICS_FILE).open("ab") as file:
        file.write(b'{"step":3,"mv')
    assert tail.newest() is None
    with RunLog(tmp_path, 0, tensorboard=False) as log:  # which ends the half line
        assert tail.newest() is None
        log.metrics(3, VALUES)
        assert tail.newest() == {"step": 3, **VALUES}


def test_a_run_that_has_not_begun_has_no_newest_step(tmp_path: Path) -> None:
    tail = MetricsTail(tmp_path / "run")
    assert tail.newest() is None
    with RunLog(tmp_path / "run", 0, tensorboard=False) as log:
        log.metrics(0, VALUES)
    assert tail.newest() == {"step": 0, **VALUES}


def test_a_run_says_how_far_it_is(
    make_config: Callable[..., RunConfig], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(steps=3)
    trainer = Trainer(tmp_path / "run", config, Place(), lambda *_: None)
    with watching(tmp_path / "run", config):
        trainer.train()
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    pattern = r"pretrain: 12/12 samples(, .* samples/s)?, step 3 of 3, mvlm \d\.\d{4}, tia \d\.\d{4}, tim \d\.\d{4}"
    assert re.fullmatch(pattern, last), err
    with watching(tmp_path / "run", config):  # nothing is left to do, and nothing to say
        Trainer(tmp_path / "run", config, Place(), lambda *_: None).train()
    assert capsys.readouterr().err == ""
