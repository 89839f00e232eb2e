"""Configuration and presets: what is accepted, what is refused, and the way through JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model import LayoutLMv2Config, preset
from model.presets import preset_names


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vocab_size", 0), ("hidden_size", 100), ("num_attention_heads", 7), ("hidden_act", "tanh"),
        ("hidden_dropout_prob", 1.0), ("coordinate_size", 127), ("image_feature_pool_shape", (7, 9, 256)),
        ("image_feature_pool_shape", (7,)), ("max_position_embeddings", 48), ("max_2d_position_embeddings", 1000),
        ("rel_pos_bins", 30), ("max_rel_2d_pos", 16), ("visual_depths", (3, 4, 6)), ("visual_depths", (3, 4, 0, 3)),
        ("visual_norm", "batch"), ("visual_freeze_at", 6), ("tim_head", "mean"), ("pad_token_id", 30522),
        ("vocab_size", "many"), ("fast_qkv", 1), ("id2label", {0: "a", 2: "b"}), ("id2label", [1]),
        ("num_hidden_layers", 2.0), ("problem_type", "ranking"),
    ],
)  # fmt: skip
def test_impossible_values_are_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        LayoutLMv2Config(**{field: value})


@pytest.mark.parametrize("name", preset_names())
def test_presets_survive_json(name: str) -> None:
    config = preset(name)
    assert (config.visual_norm, config.visual_freeze_at) == ("synchronised", 0)
    assert LayoutLMv2Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'huge' is not one of base, large"):
        preset("huge")
    with pytest.raises(ValueError, match="no field hiden_size"):
        preset("tiny", hiden_size=3)


def test_number_and_names_of_labels_follow_each_other() -> None:
    assert LayoutLMv2Config().id2label == {0: "LABEL_0", 1: "LABEL_1"}
    named = LayoutLMv2Config(id2label={"0": "question", "1": "answer", "2": "other"})
    assert named.num_labels == 3
    assert named.label2id["other"] == 2
    assert named.replace(num_labels=5).id2label[4] == "LABEL_4"
    assert named.replace(num_labels=3).id2label[2] == "other"
    assert named.replace(id2label={0: "only"}).num_labels == 1
    assert named.replace(label2id={"yes": 1, "no": 0}).id2label == {0: "no", 1: "yes"}
    assert named.replace(label2id={"only": 0}, id2label={0: "only"}, num_labels=1).num_labels == 1
    with pytest.raises(ValueError, match="the other way round"):
        named.replace(label2id={"only": 0}, id2label={0: "other"})
    with pytest.raises(ValueError, match="label2id is 3"):
        named.replace(label2id=3)
    with pytest.raises(ValueError, match="with a number twice"):
        LayoutLMv2Config(id2label={"0": "a", "00": "b"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("layer_norm_eps", float("inf")), ("vocab_size", 10**30), ("hidden_dropout_prob", 0.999999), ("num_labels", -3)],
)
def test_values_that_cannot_work_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match="id2label names" if field == "num_labels" else f"{field} is"):
        preset("tiny", **{field: value})


def test_configuration_of_hugging_face_is_read() -> None:
    """As its hub stores it: only some fields, foreign ones among them, the backbone in detectron2's words."""
    stored = {
        "model_type": "layoutlmv2",
        "architectures": ["LayoutLMv2Model"],
        "hidden_size": 1024, "num_attention_heads": 16, "coordinate_size": 171, "shape_size": 170,
        "fast_qkv": False,
        "output_past": True,
        "image_feature_pool_shape": [7, 7, 256],
        "detectron2_config_args": {
            "MODEL.RESNETS.DEPTH": 50, "MODEL.RESNETS.NUM_GROUPS": 32, "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
            "MODEL.RESNETS.STRIDE_IN_1X1": False, "MODEL.PIXEL_STD": [57.375, 57.120, 58.395],
        },
    }  # fmt: skip
    config = LayoutLMv2Config.from_dict(stored)
    assert (config.hidden_size, config.fast_qkv, config.image_feature_pool_shape) == (1024, False, (7, 7, 256))
    assert (config.visual_depths, config.visual_groups, config.visual_width_per_group) == ((3, 4, 6, 3), 32, 4)


@pytest.mark.parametrize(
    ("option", "value"),
    [("MODEL.RESNETS.DEPTH", 18), ("MODEL.RESNETS.STRIDE_IN_1X1", True), ("MODEL.PIXEL_STD", [1.0, 1.0, 1.0])],
)
def test_another_kind_of_backbone_is_refused(option: str, value: Any) -> None:
    stored = LayoutLMv2Config().to_dict()
    del stored["visual_depths"]
    stored["detectron2_config_args"][option] = value
    with pytest.raises(ValueError, match=option):
        LayoutLMv2Config.from_dict(stored)


def test_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="model_type is 'bert'"):
        LayoutLMv2Config.from_dict({"model_type": "bert"})


def test_stored_backbone_is_the_same_in_detectron2s_words() -> None:
    stored = preset("base", visual_width_per_group=4).to_dict()
    ours = {name: stored.pop(name) for name in list(stored) if name.startswith("visual_")}
    again = LayoutLMv2Config.from_dict(stored)
    assert (list(again.visual_depths), again.visual_width_per_group) == (ours["visual_depths"], 4)
    assert "detectron2_config_args" not in preset("small").to_dict()  # it knows no such depth
