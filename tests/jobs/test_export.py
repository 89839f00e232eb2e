"""Export: a folder from which the model and its tokenizer come back, and what is left alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from jobs.export import export
from jobs.train import checkpoint
from jobs.train.checkpoint import CHECKPOINTS
from jobs.train.config import OptimConfig, RunConfig, settle
from jobs.train.loop import Place, Trainer, make_model
from model import LayoutLMv2ForPreTraining, LayoutLMv2ForTokenClassification, preset
from pipeline.prepare import load_tokenizer, tokenizer_from_vocab
from pipeline.prepare.tokenizer import SPECIAL
from pipeline.stream import PretrainStream, make_spec
from schemas.stream import Objectives


@pytest.fixture(scope="module")
def trained(train: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three steps with a checkpoint of each of the last two."""
    run = tmp_path_factory.mktemp("trained") / "run"
    spec = make_spec(train, 0, 4).model_copy(update={"objectives": Objectives(max_tokens=30)})
    config = RunConfig(
        train=train,
        preset="tiny",
        steps=3,
        seed=0,
        stream=spec,
        optim=OptimConfig(learning_rate=1e-2),
        checkpoint_every=1,
    )
    settle(run, config)
    Trainer(run, config, Place(), lambda *_: None).train()
    return run


def _logits(model: LayoutLMv2ForPreTraining, run: Path) -> dict[str, torch.Tensor]:
    config = RunConfig.from_json((run / "run.json").read_bytes())
    batch = PretrainStream(config.train, config.stream).batch(5)
    with torch.no_grad():
        out = model.eval()(
            input_ids=batch.input_ids,
            bbox=batch.bbox,
            image=batch.image,
            attention_mask=batch.attention_mask,
            mlm_labels=batch.mlm_labels,
        )
    return out.logits


def test_the_model_comes_back_exactly(
    trained: Path, tokenizer: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "model"
    export(trained, out)
    assert capsys.readouterr().out == f"{out}: step 3 of {trained}\n"
    found, _ = checkpoint.newest(trained / CHECKPOINTS)
    assert found is not None
    mine = make_model(RunConfig.from_json((trained / "run.json").read_bytes()), load_tokenizer(tokenizer))
    checkpoint.load(found, mine)
    theirs = LayoutLMv2ForPreTraining.from_pretrained(out)
    expected, logits = _logits(mine, trained), _logits(theirs, trained)
    assert set(logits) == {"mvlm", "tia", "tim"}
    assert all(torch.equal(logits[name], expected[name]) for name in expected)
    # And as what it is for: the body of a model that is fine-tuned.
    body = LayoutLMv2ForTokenClassification.from_pretrained(out, num_labels=4).layoutlmv2.state_dict()
    assert all(torch.equal(tensor, theirs.layoutlmv2.state_dict()[name]) for name, tensor in body.items())


def test_the_tokenizer_comes_along(trained: Path, tokenizer: bytes, tmp_path: Path) -> None:
    export(trained, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "model.safetensors",
        "pretraining_heads.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    assert (tmp_path / "tokenizer.json").read_bytes() == tokenizer
    again = load_tokenizer(tokenizer_from_vocab((tmp_path / "vocab.txt").read_text()))
    assert again.vocabulary() == load_tokenizer(tokenizer).vocabulary()
    settings = json.loads((tmp_path / "tokenizer_config.json").read_bytes())
    config = json.loads((tmp_path / "config.json").read_bytes())
    assert settings["do_lower_case"] is True
    assert settings["sep_token_box"] == [0, 0, 0, 0]  # as in pre-training
    assert config["model_type"] == "layoutlmv2"
    assert config["vocab_size"] == again.vocab_size
    assert again.token(config["pad_token_id"]) == settings["pad_token"]


def test_an_exported_model_is_replaced_and_anything_else_is_not(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    export(trained, out)
    before = (out / "model.safetensors").read_bytes()
    (out / "model.safetensors").write_bytes(b"")
    export(trained, out)
    assert (out / "model.safetensors").read_bytes() == before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "file").write_text("mine")
    for other in (mine, tmp_path / "file", trained):
        with pytest.raises(ValueError, match="exists and is no empty folder and no exported model"):
            export(trained, other)
    assert [path.name for path in mine.iterdir()] == ["config.json"]


def test_a_damaged_newest_checkpoint_is_named_and_the_one_before_is_exported(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    weights = run / CHECKPOINTS / "step-00000003" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    export(run, tmp_path / "model")
    out = capsys.readouterr().out
    assert f"passed over a damaged checkpoint: {weights}" in out
    assert "step 2 of" in out
    shutil.rmtree(run / CHECKPOINTS / "step-00000002")
    with pytest.raises(ValueError, match=rf"has no checkpoint to export; {weights}"):
        export(run, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no run at .*: it has no run\.json"):
        export(tmp_path, tmp_path / "model")


def test_another_tokenizer_than_the_runs_is_refused(trained: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    config = RunConfig.from_json((run / "run.json").read_bytes())
    (run / "run.json").write_bytes(config.model_copy(update={"train": str(tmp_path)}).to_json())
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_from_vocab("\n".join([*SPECIAL, "a"])))
    with pytest.raises(ValueError, match=rf"{tmp_path}/tokenizer\.json is not what the dataset was made with"):
        export(run, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_that_was_trained_further_is_not_replaced(trained: Path, tmp_path: Path) -> None:
    LayoutLMv2ForTokenClassification(preset("tiny", num_labels=3)).save_pretrained(tmp_path / "tuned")
    with pytest.raises(ValueError, match="no empty folder and no exported model"):
        export(trained, tmp_path / "tuned")


def test_a_url_is_no_folder(trained: Path) -> None:
    with pytest.raises(ValueError, match="--out must be a folder, not a URL, got 's3:/bucket/model'"):
        export(trained, Path("s3://bucket/model"))
