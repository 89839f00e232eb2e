"""Runs that begin with weights of other models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from jobs.train.begin import load_beginnings, stored_weights, weights_of_run
from jobs.train.config import RunConfig, settle
from jobs.train.loop import Place, Trainer, make_model
from pipeline.prepare.tokenizer import PageTokenizer, load_tokenizer

Make = Callable[..., RunConfig]


@pytest.fixture
def words(tokenizer: bytes) -> PageTokenizer:
    """The tokenizer of the dataset."""
    return load_tokenizer(tokenizer)


def _others(model: torch.nn.Module, prefix: str) -> dict[str, torch.Tensor]:
    """Random weights under the names of a part of the model."""
    state = model.state_dict()
    return {
        name.removeprefix(prefix): torch.rand_like(value) + 0.5
        for name, value in state.items()
        if name.startswith(prefix)
    }


@pytest.fixture
def begun(make_config: Make, words: PageTokenizer, tmp_path: Path) -> RunConfig:
    """A run that begins with a text encoder and a backbone."""
    config = make_config(steps=2)
    model = make_model(config, words)
    text = {
        name: value
        for name, value in _others(model, "layoutlmv2.").items()
        if name.startswith(
            ("encoder.layer", "embeddings.word", "embeddings.position", "embeddings.token", "embeddings.L")
        )
    }
    folder = tmp_path / "bert"
    folder.mkdir()
    save_file(text, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words.vocabulary()))
    save_file(_others(model, "layoutlmv2.visual."), tmp_path / "rcnn.safetensors")
    found = {
        "text_weights": stored_weights("--text-weights", folder),
        "backbone": stored_weights("--backbone", tmp_path / "rcnn.safetensors"),
    }
    return config.model_copy(update=found)


def test_a_run_begins_with_them_and_says_what_became_of_each(begun: RunConfig, tmp_path: Path, capsys: Any) -> None:
    run = tmp_path / "run"
    run.mkdir()
    trainer = Trainer(run, begun, Place(), lambda _step, _values: None)
    said = capsys.readouterr().out
    assert "bert into LayoutLMv2ForPreTraining: " in said
    assert "rcnn.safetensors into LayoutLMv2ForPreTraining: " in said
    assert "not in the file, newly initialised: " in said
    assert f"every tensor by its name: {run / 'loaded.txt'}" in said
    accounted = (run / "loaded.txt").read_text()
    assert "    tia.weight\n" in accounted
    assert "    encoder.layer.{0..1}.attention.self.q_bias\n" in accounted
    state = trainer._model.state_dict()
    for name in ("embeddings.word_embeddings.weight", "visual.backbone.fpn_lateral2.weight"):
        assert float(state[f"layoutlmv2.{name}"].mean()) == pytest.approx(1.0, abs=0.1)
    trainer.train()
    # A resumed run has its own weights, and needs the others no more.
    assert begun.text_weights is not None
    Path(begun.text_weights.place, "model.safetensors").unlink()
    Trainer(run, begun, Place(), lambda _step, _values: None)
    assert capsys.readouterr().out == ""


def test_a_run_that_has_a_checkpoint_needs_no_files_again(begun: RunConfig, tmp_path: Path) -> None:
    run = tmp_path / "run"
    folder = tmp_path / "bert"
    settle(run, begun)
    text = begun.text_weights
    assert text is not None

    def asked(place: Path | None) -> RunConfig:
        return begun.model_copy(update={"text_weights": weights_of_run("text_weights", place, run)})

    # Until there is a checkpoint, the weights must be there, wherever they lie.
    with pytest.raises(ValueError, match="another text_weights: it was '[0-9a-f]{64}', now None"):
        settle(run, asked(None))
    moved = folder.rename(tmp_path / "moved")
    settle(run, asked(moved))
    with pytest.raises(ValueError, match="bert: no model.safetensors"):
        asked(folder)
    Trainer(run, begun.model_copy(update={"text_weights": asked(moved).text_weights}), Place(), lambda *_: None).train()
    (moved / "model.safetensors").rename(tmp_path / "model.safetensors")
    for place in (None, folder):
        assert asked(place).text_weights == text
        settle(run, asked(place))
        Trainer(run, asked(place), Place(), lambda *_: None)
    folder.mkdir()  # what else lay there is there again, and the weights are not
    assert asked(folder).text_weights == text
    # Another place must hold the same bytes, and one that is not there is a mistake.
    with pytest.raises(ValueError, match=r"moved: no model\.safetensors"):
        asked(moved)
    save_file({"other": torch.zeros(1)}, moved / "model.safetensors")
    with pytest.raises(ValueError, match=f"another text_weights: it was '{text.sha256}', now '"):
        settle(run, asked(moved))


def test_other_bytes_and_another_vocabulary_are_refused(begun: RunConfig, words: PageTokenizer) -> None:
    assert begun.text_weights is not None
    folder = Path(begun.text_weights.place)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text(vocabulary.read_text().replace("[MASK]\n", "[MASX]\n"))
    with pytest.raises(ValueError, match="is of another vocabulary"):
        load_beginnings(make_model(begun, words), begun, words)
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match="bert holds other weights than those that the run was begun with"):
        load_beginnings(make_model(begun, words), begun, words)
    with pytest.raises(ValueError, match=r"no model\.safetensors and no pytorch_model\.bin"):
        stored_weights("--text-weights", folder.parent)
