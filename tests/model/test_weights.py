"""Saving and loading: exact round trips, and clear words for everything that does not fit."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

import model as package
from model import (
    LayoutLMv2ForPreTraining,
    LayoutLMv2ForQuestionAnswering,
    LayoutLMv2ForSequenceClassification,
    LayoutLMv2ForTokenClassification,
    LayoutLMv2Model,
    preset,
)
from model.files import read_tensors, replacing, write_tensors
from model.report import LoadReport, grouped
from model.weights import PretrainedModel

CLASSES = [getattr(package, name) for name in package.__all__ if name.startswith("LayoutLMv2For")] + [LayoutLMv2Model]


def _edit(folder: Path, change: dict[str, Tensor | None]) -> None:
    """Put tensors into the stored weights, or take them out (None)."""
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in change.items():
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _describe(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config.update(values)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("cls", CLASSES)
def test_round_trip_is_exact(tmp_path: Path, cls: type[PretrainedModel]) -> None:
    model = cls(preset("tiny", num_labels=3))
    for tensor in model.state_dict().values():
        torch.nn.init.normal_(tensor)
    model.save_pretrained(tmp_path)
    again = cls.from_pretrained(tmp_path)
    assert again.config == model.config
    assert not again.training
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    heads = ["pretraining_heads.safetensors"] if cls is LayoutLMv2ForPreTraining else []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors", *heads]


def test_stored_form(tmp_path: Path) -> None:
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path)
    (tmp_path / "mine").touch()
    assert len({path.stat().st_mode for path in tmp_path.iterdir()}) == 1, "who may read the one may read the others"
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model_type"] == "layoutlmv2"
    assert config["architectures"] == ["LayoutLMv2ForPreTraining"]
    with safe_open(tmp_path / "model.safetensors", "pt") as stored:
        assert stored.metadata() == {"format": "pt"}
        assert all(name.startswith("layoutlmv2.") for name in stored.keys())  # noqa: SIM118
    heads = set(load_file(tmp_path / "pretraining_heads.safetensors"))
    assert heads == {
        "cls.predictions.bias",
        "cls.predictions.transform.dense.weight",
        "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.LayerNorm.weight",
        "cls.predictions.transform.LayerNorm.bias",
        *(f"{head}.{part}" for head in ("tia", "tim") for part in ("weight", "bias")),
    }


def test_same_weights_same_bytes(tmp_path: Path) -> None:
    model = LayoutLMv2Model(preset("tiny"))
    for name in ("a", "b"):
        model.save_pretrained(tmp_path / name)
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("tim_head", ["pooler", "cls"])
@pytest.mark.parametrize("cls", [c for c in CLASSES if c is not LayoutLMv2ForPreTraining])
def test_pretrained_body_starts_every_other_class(
    tmp_path: Path, cls: type[PretrainedModel], tim_head: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = LayoutLMv2ForPreTraining(preset("tiny", tim_head=tim_head))
    source.save_pretrained(tmp_path)
    with caplog.at_level(logging.WARNING):
        model = cls.from_pretrained(tmp_path, num_labels=9)
    body = model if cls is LayoutLMv2Model else model.layoutlmv2
    wanted = source.layoutlmv2.state_dict()
    assert all(torch.equal(body.state_dict()[name], wanted[name]) for name in wanted)
    fresh = [*([] if tim_head == "pooler" else ["pooler.dense"]), *(f"{head}." for head in model.head_names)]
    assert ("newly initialised" in caplog.text) == bool(fresh)
    assert all(name in caplog.text for name in fresh)


def test_bare_weights_start_a_head_and_back(tmp_path: Path) -> None:
    bare = LayoutLMv2Model(preset("tiny"))
    bare.save_pretrained(tmp_path / "bare")
    labelled = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path / "bare")
    labelled.save_pretrained(tmp_path / "labelled")
    again = LayoutLMv2Model.from_pretrained(tmp_path / "labelled")
    assert all(torch.equal(tensor, bare.state_dict()[name]) for name, tensor in again.state_dict().items())


def test_head_of_another_class_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Both call it `classifier`, with other shapes."""
    LayoutLMv2ForSequenceClassification(preset("tiny")).save_pretrained(tmp_path)
    model = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert model.classifier.weight.shape == (2, 32)


def test_question_answering_starts_with_a_segment_of_zeros(tmp_path: Path) -> None:
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path)
    model = LayoutLMv2ForQuestionAnswering.from_pretrained(tmp_path)
    assert model.config.has_visual_segment_embedding
    assert not model.layoutlmv2.visual_segment_embedding.any()


def test_buffers_of_older_files_are_passed_over(tmp_path: Path) -> None:
    model = LayoutLMv2ForTokenClassification(preset("tiny"))
    model.save_pretrained(tmp_path)
    old = {
        "layoutlmv2.embeddings.position_ids": torch.arange(512)[None],
        "layoutlmv2.visual.pixel_mean": torch.zeros(3, 1, 1),
        "layoutlmv2.visual.pixel_std": torch.zeros(3, 1, 1),
        "layoutlmv2.visual.backbone.bottom_up.stem.conv1.norm.num_batches_tracked": torch.tensor(7),
    }
    _edit(tmp_path, old)
    again = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert torch.equal(again.layoutlmv2.visual.pixel_mean, model.layoutlmv2.visual.pixel_mean)


WEIGHT = "layoutlmv2.pooler.dense.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({WEIGHT: None}, f"1 missing: {WEIGHT}"),
        ({"classifier.bias": None}, "1 missing: classifier.bias"),
        ({"layoutlmv2.encoder.layer.7.stray": torch.zeros(1)}, "1 unexpected: layoutlmv2.encoder.layer.7.stray"),
        ({WEIGHT: torch.zeros(32, 8)}, r"pooler.dense.weight \(32, 8\) instead of \(32, 32\)"),
        ({WEIGHT: torch.full((32, 32), torch.nan)}, f"1 not finite: {WEIGHT}"),
        ({WEIGHT: torch.full((32, 32), 1e300, dtype=torch.float64)}, f"1 not finite: {WEIGHT}"),
        ({"stray": torch.zeros(1), WEIGHT: None}, "1 missing.*; 1 unexpected: stray"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, change: dict[str, Tensor | None], message: str) -> None:
    LayoutLMv2ForTokenClassification(preset("tiny")).save_pretrained(tmp_path)
    _edit(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)


def test_body_must_be_complete_for_another_class_too(tmp_path: Path) -> None:
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path)
    _edit(tmp_path, {"layoutlmv2.encoder.rel_pos_bias.weight": None})
    with pytest.raises(ValueError, match=r"1 missing: layoutlmv2\.encoder\.rel_pos_bias\.weight"):
        LayoutLMv2Model.from_pretrained(tmp_path)


def test_more_layers_than_stored_are_missing(tmp_path: Path) -> None:
    LayoutLMv2Model(preset("tiny")).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"26 missing: .*layer\.2\..* and 6 more"):
        LayoutLMv2Model.from_pretrained(tmp_path, num_hidden_layers=4)
    with pytest.raises(ValueError, match="no field layers"):
        LayoutLMv2Model.from_pretrained(tmp_path, layers=3)


def test_without_a_named_class_the_heads_decide(tmp_path: Path) -> None:
    LayoutLMv2ForTokenClassification(preset("tiny")).save_pretrained(tmp_path)
    _describe(tmp_path, architectures=None)
    stored = load_file(tmp_path / "model.safetensors")
    model = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert torch.equal(model.classifier.weight, stored["classifier.weight"])
    assert LayoutLMv2Model.from_pretrained(tmp_path).config == model.config


def test_damaged_or_absent_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.json"):
        LayoutLMv2Model.from_pretrained(tmp_path)
    LayoutLMv2Model(preset("tiny")).save_pretrained(tmp_path)
    weights, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    whole = weights.read_bytes()
    for size in (0, 5, 1000, len(whole) - 1):
        weights.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a complete safetensors file"):
            LayoutLMv2Model.from_pretrained(tmp_path)
    weights.unlink()
    with pytest.raises(ValueError, match=r"no model\.safetensors and no pytorch_model\.bin"):
        LayoutLMv2Model.from_pretrained(tmp_path)
    for text in ("{", "[]", "[" * 100_000):
        config.write_text(text)
        with pytest.raises(ValueError, match=r"config\.json"):
            LayoutLMv2Model.from_pretrained(tmp_path)


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def fail_half_way() -> None:
        with replacing(target) as temporary:
            temporary.write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_tensors_that_share_memory_are_written_for_each_name(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)
    tensors = {"a": whole, "tied": whole, "row": whole[1], "column": whole[:, 1]}
    write_tensors(tmp_path / "x.safetensors", tensors)
    assert {n: t.tolist() for n, t in read_tensors(tmp_path / "x.safetensors").items()} == {
        name: tensor.tolist() for name, tensor in tensors.items()
    }
    model = LayoutLMv2Model(preset("tiny", num_hidden_layers=2))
    model.encoder.layer[1] = model.encoder.layer[0]
    model.save_pretrained(tmp_path / "tied")
    assert LayoutLMv2Model.from_pretrained(tmp_path / "tied").config == model.config


@pytest.mark.parametrize("odd", [torch.eye(3).to_sparse(), torch.empty(3, device="meta")])
def test_tensors_without_plain_data_are_named(tmp_path: Path, odd: torch.Tensor) -> None:
    torch.save({"good": torch.ones(2), "odd": odd}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pytorch_model.bin: (odd is sparse|not a readable file)"):
        read_tensors(tmp_path / "pytorch_model.bin")


def test_pickled_weights_are_read_as_tensors_alone(tmp_path: Path) -> None:
    """pytorch_model.bin of the hub; nothing in it may run."""
    model = LayoutLMv2ForTokenClassification(preset("tiny"))
    model.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    torch.save(stored, tmp_path / "pytorch_model.bin")
    again = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in again.state_dict().items())
    marker = tmp_path / "ran"
    torch.save({"weights": _Runs(marker)}, tmp_path / "pytorch_model.bin")
    whole = (tmp_path / "pytorch_model.bin").read_bytes()
    for content in (whole, whole[:100], b"", b"not a pickle"):
        (tmp_path / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(ValueError, match=r"pytorch_model\.bin: not a readable file of tensors"):
            LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert not marker.exists()
    torch.save([1, 2], tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="no dictionary of tensors"):
        LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)


class _Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_every_tensor_is_in_the_report(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = LayoutLMv2ForPreTraining(preset("tiny"))
    source.save_pretrained(tmp_path)
    counter = "layoutlmv2.visual.backbone.bottom_up.stem.conv1.norm.num_batches_tracked"
    _edit(tmp_path, {counter: torch.tensor(7)})
    with caplog.at_level(logging.INFO):
        report = LayoutLMv2ForTokenClassification.from_pretrained(tmp_path).load_report
    assert report is not None
    assert sorted([*report.loaded, *report.ignored]) == sorted([*source.state_dict(), counter])
    assert report.ignored[counter] == "a counter of batch normalisation"
    assert report.ignored["tia.weight"] == "a head of another class"
    assert report.missing == ["classifier.weight", "classifier.bias"]
    assert str(report) in caplog.text
    assert "2 not in the file, newly initialised: classifier.bias, classifier.weight" in report.summary()
    said = _written_out(str(report))
    assert said == sorted([*report.loaded, *report.ignored, *report.missing])
    assert len(str(report).splitlines()) < len(said)


def _written_out(report: str) -> list[str]:
    """The names that a printed report accounts for, ranges of numbers spread again."""
    names = []
    for line in report.splitlines():
        if line.startswith("    "):
            before, brace, rest = line.strip().partition("{")
            numbers, _, after = rest.partition("}")
            first, _, last = numbers.partition("..")
            names += [f"{before}{n}{after}" for n in range(int(first), int(last) + 1)] if brace else [before]
    return sorted(names)


_PART = st.sampled_from(["a", "layer", "0", "1", "2", "3", "9", "10", "11", "007", "99999999999", "weight"])


@given(st.sets(st.lists(_PART, min_size=1, max_size=4).map(".".join), max_size=60))
def test_no_name_is_lost_where_layers_share_a_line(names: set[str]) -> None:
    report = LoadReport("file", "model", loaded=list(names))
    assert _written_out(str(report)) == sorted(names)


def test_a_report_says_of_what_it_is_even_where_nothing_was_loaded() -> None:
    lines = ["file into model: 0 tensors loaded", "  1 not in the file, newly initialised", "    x.y"]
    assert str(LoadReport("file", "model", missing=["x.y"])).splitlines() == lines


def test_fields_of_another_use_are_passed_over_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path)
    LayoutLMv2ForTokenClassification.from_pretrained(tmp_path)
    assert "visual_norm is 'frozen' for LayoutLMv2ForTokenClassification; 'synchronised' in the folder" in caplog.text
    caplog.clear()
    LayoutLMv2ForTokenClassification.from_pretrained(tmp_path, visual_norm="live")
    assert "visual_norm" not in caplog.text, "the caller said it"
    _describe(tmp_path, visual_use=["fine-tuning"])
    assert LayoutLMv2ForTokenClassification.from_pretrained(tmp_path).config.visual_freeze_at == 2


def test_layers_share_a_line() -> None:
    names = [f"encoder.layer.{n}.output.dense.bias" for n in (0, 1, 2, 10, 11, 5)]
    assert grouped([*names, "tim.bias"]) == [
        "encoder.layer.5.output.dense.bias", "encoder.layer.{0..2}.output.dense.bias",
        "encoder.layer.{10..11}.output.dense.bias", "tim.bias",
    ]  # fmt: skip


def test_each_use_has_its_own_backbone(tmp_path: Path) -> None:
    """Pre-training learns norms and all stages; fine-tuning from it freezes, unless told otherwise."""
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path / "a")

    def settings(cls: type[PretrainedModel], folder: str, **changes: object) -> tuple[str, int]:
        config = cls.from_pretrained(tmp_path / folder, **changes).config
        return config.visual_norm, config.visual_freeze_at

    assert settings(LayoutLMv2ForPreTraining, "a") == ("synchronised", 0)
    assert settings(LayoutLMv2ForTokenClassification, "a") == ("frozen", 2)
    assert settings(LayoutLMv2ForTokenClassification, "a", visual_norm="live") == ("live", 2)
    LayoutLMv2ForTokenClassification.from_pretrained(tmp_path / "a", visual_freeze_at=1).save_pretrained(tmp_path / "b")
    assert settings(LayoutLMv2ForTokenClassification, "b") == ("frozen", 1)
    assert settings(LayoutLMv2ForPreTraining, "b") == ("synchronised", 0)
    stored = json.loads((tmp_path / "b" / "config.json").read_text())
    foreign = {name: value for name, value in stored.items() if name not in ("visual_norm", "visual_freeze_at")}
    (tmp_path / "b" / "config.json").write_text(json.dumps(foreign))  # as Hugging Face's
    assert settings(LayoutLMv2ForTokenClassification, "b") == ("frozen", 2)


def test_pretrainings_backbone_never_reaches_a_fine_tuning(tmp_path: Path) -> None:
    """By whatever way its fields come along; norms that a fine-tuning chose stay its own."""
    tuning = LayoutLMv2ForTokenClassification

    def settings(cls: type[PretrainedModel], folder: str) -> tuple[str, int]:
        config = cls.from_pretrained(tmp_path / folder).config
        return config.visual_norm, config.visual_freeze_at

    LayoutLMv2Model(preset("tiny")).save_pretrained(tmp_path / "bare")
    assert settings(LayoutLMv2Model, "bare") == ("synchronised", 0)
    assert settings(tuning, "bare") == ("frozen", 2)
    LayoutLMv2ForPreTraining(preset("tiny")).save_pretrained(tmp_path / "a")
    for classes in (["LayoutLMv2ForTokenClassification"], ["LayoutLMv2Model"], None):  # as others' classes save it
        _describe(tmp_path / "a", architectures=classes)
        (tmp_path / "a" / "pretraining_heads.safetensors").unlink(missing_ok=True)
        if classes == ["LayoutLMv2ForTokenClassification"]:
            _edit(tmp_path / "a", {"classifier.weight": torch.zeros(2, 32), "classifier.bias": torch.zeros(2)})
        assert settings(tuning, "a") == ("frozen", 2), classes
    tuning.from_pretrained(tmp_path / "a", visual_norm="live", visual_freeze_at=1).save_pretrained(tmp_path / "live")
    assert settings(tuning, "live") == ("live", 1)
    assert settings(LayoutLMv2Model, "live") == ("live", 1)
    _describe(tmp_path / "live", visual_use=None)
    assert settings(tuning, "live") == ("frozen", 2)  # a folder that does not say whose they are
