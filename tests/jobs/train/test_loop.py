"""The loop of one rank: it learns, it goes on exactly where it stopped, and it logs what it trained on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from jobs.pretrain import summary
from jobs.train import checkpoint
from jobs.train.checkpoint import CHECKPOINTS
from jobs.train.config import RunConfig
from jobs.train.log import METRICS_FILE, read_metrics
from jobs.train.loop import Place, Reading, Trainer, make_model
from pipeline.prepare import load_tokenizer
from pipeline.stream import PretrainStream, TrainReader
from schemas.stream import Objectives

MakeConfig = Callable[..., RunConfig]
Read = Callable[[Path], dict[int, Any]]


class Killed(BaseException):
    """Ends a run from outside, at a step."""


def _train(run: Path, config: RunConfig, stop: int | None = None) -> None:
    def report(step: int, values: dict[str, float]) -> None:
        if step == stop:
            raise Killed

    trainer = Trainer(run, config, Place(), report)
    if stop is None:
        trainer.train()
    else:
        with pytest.raises(Killed):
            trainer.train()


def _samples(run: Path, rank: int = 0) -> Path:
    return run / "samples" / f"rank-{rank:05d}.jsonl"


@pytest.fixture(scope="module")
def whole(make_config: MakeConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight steps that nothing interrupted."""
    run = tmp_path_factory.mktemp("whole") / "run"
    _train(run, make_config())
    return run


def test_metrics_of_every_step(whole: Path, read_lines: Read) -> None:
    metrics = read_lines(whole / METRICS_FILE)
    assert list(metrics) == list(range(8))
    for values in metrics.values():
        assert set(values) == {"loss", "mvlm", "tia", "tim", "learning_rate", "gradient_norm", "skipped"}
        assert values["skipped"] == 0
        assert all(math.isfinite(value) for value in values.values())
        assert values["loss"] == pytest.approx(values["mvlm"] + values["tia"] + values["tim"])
    assert metrics[0]["learning_rate"] == 5e-3  # warm-up of a tenth of eight steps is one step
    assert metrics[7]["learning_rate"] < metrics[1]["learning_rate"]


def test_samples_are_what_replay_says(whole: Path, make_config: MakeConfig, read_lines: Read) -> None:
    config = make_config()
    stream = PretrainStream(config.train, config.stream)
    for step, line in read_lines(_samples(whole)).items():
        assert (line["positions"], line["keys"]) == stream.plan(step)


def test_checkpoints_of_every_third_step_and_the_last(whole: Path) -> None:
    assert sorted(path.name for path in (whole / CHECKPOINTS).iterdir()) == ["step-00000006", "step-00000008"]
    found, _ = checkpoint.newest(whole / CHECKPOINTS)
    assert found is not None
    assert (found.commit.step, found.commit.stream.samples_consumed) == (8, 32)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(
    whole: Path, make_config: MakeConfig, read_lines: Read, tmp_path: Path, stop: int
) -> None:
    """Stopped before, at and after a checkpoint."""
    run = tmp_path / "run"
    _train(run, make_config(), stop)
    torch.manual_seed(99)  # another process has another state
    _train(run, make_config())
    assert read_lines(run / METRICS_FILE) == read_lines(whole / METRICS_FILE)
    assert read_lines(_samples(run)) == read_lines(_samples(whole))
    last = Path(CHECKPOINTS) / "step-00000008"
    for name in ("model.safetensors", "optimizer.safetensors"):
        mine, theirs = load_file(run / last / name), load_file(whole / last / name)
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_finished_run_does_nothing(whole: Path, make_config: MakeConfig) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.is_file() and "events" not in path.name
    }
    _train(whole, make_config())
    assert before == {p: p.stat().st_mtime_ns for p in whole.rglob("*") if p.is_file() and "events" not in p.name}


def test_a_damaged_newest_checkpoint_is_passed_over_and_made_again(
    whole: Path, make_config: MakeConfig, read_lines: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    _train(run, make_config(), 7)
    newest = run / CHECKPOINTS / "step-00000006" / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    capsys.readouterr()
    _train(run, make_config())
    assert f"passed over a damaged checkpoint: {newest}" in capsys.readouterr().out
    assert read_lines(run / METRICS_FILE) == read_lines(whole / METRICS_FILE)
    assert [checkpoint.verify(path).step for path in sorted((run / CHECKPOINTS).iterdir())] == [6, 8]


def test_it_learns(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(steps=40, checkpoint_every=1000, learning_rate=1e-2)
    stream = config.stream.model_copy(update={"objectives": Objectives(max_tokens=126, mvlm_rate=0.3)})
    _train(tmp_path, config.model_copy(update={"stream": stream}))
    metrics = read_metrics(tmp_path)

    def mean(name: str, part: slice) -> float:
        values = [step[name] for step in metrics[part]]
        return sum(values) / len(values)

    assert mean("mvlm", slice(0, 4)) > math.log(600) - 0.2  # the vocabulary's size: it knew nothing
    assert mean("mvlm", slice(-4, None)) < mean("mvlm", slice(0, 4)) - 0.3
    assert mean("loss", slice(-4, None)) < mean("loss", slice(0, 4)) - 0.3


def test_damaged_samples_are_counted_and_named_at_the_end(
    whole: Path, train: str, make_config: MakeConfig, read_lines: Read, tmp_path: Path
) -> None:
    """Of twelve samples two are damaged; eight steps of four are two epochs and two thirds."""
    url = str(shutil.copytree(train, tmp_path / "train"))
    reader = TrainReader(url)
    keys = [_damage(reader, shard, 1) for shard in (0, 2)]
    config = make_config().model_copy(update={"train": url})
    reading = Reading(skip_bad=True)
    Trainer(tmp_path / "run", config, Place(reading=reading), lambda *_: None).train()
    metrics, samples = read_lines(tmp_path / "run" / METRICS_FILE), read_lines(_samples(tmp_path / "run"))
    expected = [sum(key in keys for key in samples[step]["keys"]) for step in range(8)]
    assert [metrics[step]["skipped"] for step in range(8)] == expected
    assert 4 <= sum(expected) <= 6
    head, *named = summary(tmp_path / "run").splitlines()[4:]
    assert head == f"  {sum(expected)} slots of damaged samples were skipped; samples/rank-*.jsonl names all:"
    assert {line.split(": ")[1].split(".")[0] for line in named} == set(keys)
    assert len(named) == 2
    assert len(summary(whole).splitlines()) == 4


def _damage(reader: TrainReader, shard: int, row: int) -> str:
    """Damage a sample's record; its key."""
    member = reader._index(shard).members(row)["json"]
    with (Path(reader.dataset.store.url) / reader.shards[shard].ref.tar).open("r+b") as file:
        file.seek(member.offset + 40)
        file.write(b"X")
    return reader.key(shard, row)


def test_the_gradient_is_clipped(make_config: MakeConfig, tokenizer: bytes, tmp_path: Path) -> None:
    config = make_config(steps=1, clip=1e-6, weight_decay=0.0, learning_rate=1.0)
    before = {name: p.detach().clone() for name, p in make_model(config, load_tokenizer(tokenizer)).named_parameters()}
    trainer = Trainer(tmp_path, config, Place(), lambda *_: None)
    trainer.train()
    norm = sum(float(state["exp_avg"].pow(2).sum()) for state in trainer._optimizer.state.values()) ** 0.5
    assert norm == pytest.approx(0.1 * 1e-6, rel=1e-3)  # Adam's first moment is a tenth of the first gradient
    assert read_metrics(tmp_path)[0]["gradient_norm"] > 0.1  # what is logged is the norm before
    assert any(not torch.equal(p, before[name]) for name, p in trainer._model.named_parameters())


def test_a_gradient_that_is_not_finite_stops_the_run_and_names_the_samples(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    trainer = Trainer(tmp_path, make_config(), Place(), lambda *_: None)
    with torch.no_grad():
        trainer._model.layoutlmv2.embeddings.word_embeddings.weight.fill_(math.inf)
    _, keys = trainer._stream.plan(0)
    with pytest.raises(RuntimeError, match=f"step 0: the gradient is not finite; samples: {', '.join(keys)}"):
        trainer.train()
    assert checkpoint.newest(tmp_path / CHECKPOINTS) == (None, [])


def test_the_model_is_drawn_from_the_runs_seed(make_config: MakeConfig, tokenizer: bytes) -> None:
    config, words = make_config(), load_tokenizer(tokenizer)
    one = make_model(config, words).state_dict()
    torch.manual_seed(123)
    two = make_model(config, words).state_dict()
    other = make_model(config.model_copy(update={"seed": 2}), words).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_the_model_has_the_tokenizers_size(make_config: MakeConfig, tokenizer: bytes) -> None:
    loaded = load_tokenizer(tokenizer)
    config = make_model(make_config(), loaded).config
    assert (config.vocab_size, config.pad_token_id) == (loaded.vocab_size, loaded.pad)
