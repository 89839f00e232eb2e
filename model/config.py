"""The configuration of LayoutLMv2: Hugging Face's field names and defaults, and a few for the visual backbone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from model.detectron2_args import backbone_fields, detectron2_args

MODEL_TYPE = "layoutlmv2"
IMAGE_SIZE = 224  # pixels, both ways; the paper resizes every page to it
P2_SIZE = IMAGE_SIZE // 4  # height and width of the finest feature map, p2
MAX_BOX = 1000  # boxes are integers 0..1000 of the page

VisualNorm = Literal["frozen", "live", "synchronised"]

_POSITIVE = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "type_vocab_size",
    "max_position_embeddings", "max_rel_pos", "max_rel_2d_pos", "coordinate_size", "shape_size", "layer_norm_eps",
    "initializer_range", "visual_groups", "visual_width_per_group", "visual_stem_channels", "visual_res2_channels",
)  # fmt: skip
_TOO_MUCH = 2**31  # for any size
_MOST_DROPPED = 0.9999  # masks of dropout are drawn in steps of 1 / 65,536
_CHOICES = {
    "hidden_act": ("gelu", "relu"),
    "visual_norm": ("frozen", "live", "synchronised"),
    "relative_2d_corner": ("released", "paper"),
    "attention": ("auto", "torch", "own", "flex"),
    "tim_head": ("pooler", "cls"),
    "problem_type": (None, "regression", "single_label_classification", "multi_label_classification"),
}


@dataclass
class LayoutLMv2Config:
    """Everything that shapes a LayoutLMv2; a value that cannot work raises ValueError with the field's name.

    The first group are Hugging Face's fields with its defaults (the paper's base model). The fields that Hugging Face
    does not have:

    * `visual_depths`, `visual_groups`, `visual_width_per_group`, `visual_stem_channels`, `visual_res2_channels`: the
      ResNeXt (blocks of res2..res5; groups and channels per group in res2; channels after the stem and after res2).
      `image_feature_pool_shape` is (rows, columns, channels of the feature pyramid).
    * `visual_norm`: "frozen" normalises with stored statistics (detectron2's FrozenBN, what Hugging Face fine-tunes
      with); "live" is batch normalisation that learns; "synchronised" has the statistics of all ranks together, as the
      published weights were pre-trained.
    * `visual_freeze_at`: the first so many stages (stem, res2, ...) do not learn. The paper updates all of them: 0.
      Detectron2's default, and so Hugging Face's, is 2.
    * The defaults of these two are for fine-tuning. The presets are for pre-training: "synchronised" and 0.
    * `tim_head`: what text-image matching reads in pre-training, the "pooler" output or the bare "cls" output.
    * `relative_2d_corner`: between which corners of two boxes the 2-D bias takes its distances, the "released" code's
      (x0, y1) or the "paper"'s (x0, y0).
    * `attention`: what computes it (`model.attention`); "auto" takes the fastest right one.
    """

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    max_2d_position_embeddings: int = 1024
    max_rel_pos: int = 128
    rel_pos_bins: int = 32
    fast_qkv: bool = True
    max_rel_2d_pos: int = 256
    rel_2d_pos_bins: int = 64
    convert_sync_batchnorm: bool = True
    image_feature_pool_shape: tuple[int, int, int] = (7, 7, 256)
    coordinate_size: int = 128
    shape_size: int = 128
    has_relative_attention_bias: bool = True
    has_spatial_attention_bias: bool = True
    has_visual_segment_embedding: bool = False
    num_labels: int = 0  # 0: as many as id2label names, or 2
    id2label: dict[int, str] = field(default_factory=dict)
    problem_type: str | None = None

    visual_depths: tuple[int, int, int, int] = (3, 4, 23, 3)
    visual_groups: int = 32
    visual_width_per_group: int = 8
    visual_stem_channels: int = 64
    visual_res2_channels: int = 256
    visual_norm: VisualNorm = "frozen"
    visual_freeze_at: int = 2
    tim_head: Literal["pooler", "cls"] = "pooler"
    relative_2d_corner: Literal["released", "paper"] = "released"
    attention: Literal["auto", "torch", "own", "flex"] = "auto"

    def __post_init__(self) -> None:
        """Bring JSON's lists and keys into form, then check every field."""
        self._check_types()
        rows, columns, *rest = _integers("image_feature_pool_shape", self.image_feature_pool_shape, (2, 3))
        self.image_feature_pool_shape = (rows, columns, *(rest or [256]))  # type: ignore[assignment]
        self.visual_depths = _integers("visual_depths", self.visual_depths, (4,))  # type: ignore[assignment]
        given = self.id2label
        self.id2label = {int(number): str(label) for number, label in given.items()}
        if len(self.id2label) != len(given):
            raise ValueError(f"id2label is {given!r}, with a number twice")
        self.num_labels = self.num_labels or len(self.id2label) or 2
        if not self.id2label:
            self.id2label = {number: f"LABEL_{number}" for number in range(self.num_labels)}
        self._check_ranges()
        self._check_shapes()

    @property
    def label2id(self) -> dict[str, int]:
        """Label names to their numbers."""
        return {label: number for number, label in self.id2label.items()}

    @property
    def visual_length(self) -> int:
        """Number of visual tokens: rows times columns of the pooled feature map."""
        return self.image_feature_pool_shape[0] * self.image_feature_pool_shape[1]

    @property
    def fpn_channels(self) -> int:
        """Channels of the feature pyramid."""
        return self.image_feature_pool_shape[2]

    def replace(self, **overrides: Any) -> Self:
        """A copy with other values; a new `num_labels` without names drops the old names.

        `label2id` is taken as Hugging Face's users give it, beside `id2label` or alone.
        """
        numbers = overrides.pop("label2id", None)
        if numbers is not None and not isinstance(numbers, dict):
            raise ValueError(f"label2id is {numbers!r}, not a dictionary from names to numbers")
        if numbers is not None and "id2label" not in overrides:
            overrides["id2label"] = {number: name for name, number in numbers.items()}
        unknown = sorted(set(overrides) - {item.name for item in dataclasses.fields(self)})
        if unknown:
            raise ValueError(f"configuration has no field {', '.join(unknown)}")
        if "num_labels" in overrides and "id2label" not in overrides:
            if overrides["num_labels"] != self.num_labels:
                overrides["id2label"] = {}
        elif "id2label" in overrides and "num_labels" not in overrides:
            overrides["num_labels"] = 0
        made = dataclasses.replace(self, **overrides)
        if numbers is not None and made.label2id != numbers:
            raise ValueError(f"label2id is {numbers!r}, which is not id2label {made.id2label!r} the other way round")
        return made

    def to_dict(self) -> dict[str, Any]:
        """What config.json holds: Hugging Face's names, and the backbone in detectron2's words where it has them."""
        fields = dataclasses.asdict(self)
        options = detectron2_args(fields, self.fpn_channels)
        fields["image_feature_pool_shape"] = list(self.image_feature_pool_shape)
        fields["visual_depths"] = list(self.visual_depths)
        fields["id2label"] = {str(number): label for number, label in self.id2label.items()}
        extra: dict[str, Any] = {"label2id": self.label2id, "model_type": MODEL_TYPE}
        if options is not None:
            extra["detectron2_config_args"] = options
        return {**fields, **extra}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read config.json of Pagemill or of Hugging Face.

        Keys that are no field of this class (Hugging Face stores many about generation and versions) are left out.
        Raises ValueError for another `model_type` or an impossible value.
        """
        if values.get("model_type", MODEL_TYPE) != MODEL_TYPE:
            raise ValueError(f"model_type is {values['model_type']!r}, not {MODEL_TYPE!r}")
        names = {item.name for item in dataclasses.fields(cls)}
        fields = {name: value for name, value in values.items() if name in names and value is not None}
        if "visual_depths" not in fields and values.get("detectron2_config_args"):
            fields = {**backbone_fields(values["detectron2_config_args"]), **fields}
        return cls(**fields)

    def _check_types(self) -> None:
        for item in dataclasses.fields(self):
            value, kind = getattr(self, item.name), type(item.default)
            accepted = (int, float) if kind is float else (kind,)
            if kind in (bool, int, float, str) and type(value) not in accepted:
                raise ValueError(f"{item.name} is {value!r}, not of type {kind.__name__}")
        if not isinstance(self.id2label, dict) or not all(str(number).isdecimal() for number in self.id2label):
            raise ValueError(f"id2label is {self.id2label!r}, not a dictionary from numbers to names")

    def _check_ranges(self) -> None:
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < _TOO_MUCH:
                raise ValueError(f"{name} is {getattr(self, name)}, not above 0 and below {_TOO_MUCH}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {choices}")
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            if not 0 <= getattr(self, name) <= _MOST_DROPPED:
                raise ValueError(f"{name} is {getattr(self, name)}, not in 0..{_MOST_DROPPED}")
        if not 0 <= self.pad_token_id < self.vocab_size:
            raise ValueError(f"pad_token_id is {self.pad_token_id}, outside the vocabulary of {self.vocab_size}")
        if not 0 <= self.visual_freeze_at <= 5:
            raise ValueError(f"visual_freeze_at is {self.visual_freeze_at}, not in 0..5")
        if sorted(self.id2label) != list(range(self.num_labels)) or self.num_labels < 1:
            raise ValueError(f"id2label names {sorted(self.id2label)}, not 0..{self.num_labels - 1}")

    def _check_shapes(self) -> None:
        rows, columns, _ = self.image_feature_pool_shape
        spatial = 4 * self.coordinate_size + 2 * self.shape_size
        faults = {
            f"hidden_size {self.hidden_size} is no multiple of num_attention_heads {self.num_attention_heads}":
                self.hidden_size % self.num_attention_heads,
            f"4 * coordinate_size + 2 * shape_size is {spatial}, not hidden_size {self.hidden_size}":
                spatial != self.hidden_size,
            f"image_feature_pool_shape {rows} x {columns} does not divide the {P2_SIZE} x {P2_SIZE} feature map":
                P2_SIZE % rows or P2_SIZE % columns,
            f"max_position_embeddings {self.max_position_embeddings} is less than the {rows * columns} visual tokens":
                self.max_position_embeddings < rows * columns,
            f"max_2d_position_embeddings {self.max_2d_position_embeddings} cannot hold boxes 0..{MAX_BOX}":
                self.max_2d_position_embeddings <= MAX_BOX,
            f"rel_pos_bins {self.rel_pos_bins} is not a multiple of 4 below 4 * max_rel_pos {self.max_rel_pos}":
                not _bins_fit(self.rel_pos_bins, self.max_rel_pos),
            f"rel_2d_pos_bins {self.rel_2d_pos_bins} is not a multiple of 4 below 4 * max_rel_2d_pos "
            f"{self.max_rel_2d_pos}":
                not _bins_fit(self.rel_2d_pos_bins, self.max_rel_2d_pos),
        }  # fmt: skip
        for fault, present in faults.items():
            if present:
                raise ValueError(fault)


def _bins_fit(bins: int, max_distance: int) -> bool:
    """Half the bins are for each sign, and half of those for exact distances, which must end before `max_distance`."""
    return bins > 0 and bins % 4 == 0 and bins // 4 < max_distance


def _integers(name: str, values: Any, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """`values` as a tuple of positive integers of one of the given lengths."""
    listed = isinstance(values, list | tuple) and len(values) in lengths
    if not listed or not all(type(value) is int and value > 0 for value in values):
        raise ValueError(f"{name} is {values!r}, not {' or '.join(map(str, lengths))} positive integers")
    return tuple(values)
