"""Weights of other models to begin pre-training with (paper section 4.1): a text encoder, and a document detector.

* Text: BERT or UniLMv2, from which the encoder, the embeddings of words and positions and the words' head come. Their
  numbers of words mean something else in another vocabulary of the same size, so the vocabularies are compared.
* Picture: the backbone of a Mask R-CNN that detectron2 trained, on PubLayNet in the paper.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.files import read_tensors, weights_file
from model.report import LoadReport, copy_exactly, some
from model.weights import BODY, PretrainedModel

_TEXT_IGNORED = {
    "next-sentence prediction": re.compile(r"cls\.seq_relationship\..*"),
    "a buffer that follows from the configuration": re.compile(r"embeddings\.position_ids"),
    "tied to the word embeddings": re.compile(r"cls\.predictions\.decoder\.(weight|bias)"),
    "this model has no such head": re.compile(r"(cls\.predictions|pooler)\..*"),
    "this model has no 1-D bias": re.compile(r"encoder\.rel_pos_bias\.weight"),
    "a key's bias changes no attention": re.compile(r"encoder\.layer\.\d+\.attention\.self\.key\.bias"),
}
_DETECTOR_IGNORED = {
    "the detector's own": re.compile(r"(proposal_generator|roi_heads|anchor_generator)\..*|pixel_(mean|std)"),
    "a counter of batch normalisation": re.compile(r".*\.num_batches_tracked"),
}
_FROM_TEXT = re.compile(
    r"embeddings\.(word|position|token_type)_embeddings\.weight|embeddings\.LayerNorm\..*|encoder\.layer\..*"
)
_OPTIONAL = re.compile(r"encoder\.rel_pos_bias\.weight|pooler\..*|cls\.predictions\..*")


def vocabulary_digest(tokens: Sequence[str]) -> str:
    """SHA-256 of the tokens in the order of their numbers."""
    return sha256("\n".join(tokens).encode()).hexdigest()


def load_text_weights(model: PretrainedModel, folder: str | os.PathLike[str], vocabulary: Sequence[str]) -> LoadReport:
    """Put the weights of a BERT or UniLMv2 in `folder` into a model with a head whose tokenizer has `vocabulary`.

    The folder holds model.safetensors or pytorch_model.bin, and vocab.txt or tokenizer.json. Raises ValueError where
    the vocabularies differ, or the weights do not fit. One file of weights is read: heads of ours that lie in a file
    beside it are no text encoder's.
    """
    path = Path(folder)
    theirs, ours = vocabulary_digest(read_vocabulary(path)), vocabulary_digest(vocabulary)
    if theirs != ours:
        raise ValueError(f"{path} is of another vocabulary (digest {theirs[:16]}) than the tokenizer (digest "
                         f"{ours[:16]}): its word embeddings would stand for other words")  # fmt: skip
    wanted = {name.removeprefix(BODY): tensor for name, tensor in model.state_dict().items()}
    stored = read_tensors(weights_file(path))
    own_name = {_plain_name(name): name for name in stored}
    if len(own_name) != len(stored):
        twice = set(stored) - set(own_name.values())
        raise ValueError(f"{path} holds tensors under two names each: {some(twice)}")
    report = LoadReport(str(path), type(model).__name__)
    given = {_plain_name(name): tensor for name, tensor in stored.items()}
    needed = {name for name in wanted if _FROM_TEXT.fullmatch(name)}
    expected = needed | {name for name in wanted if _OPTIONAL.fullmatch(name) and name in given}
    converted = _as_projected(given, fused=model.config.fast_qkv)
    for name in ("position", "token_type"):  # a longer table begins with the shorter one
        _cut(converted, f"embeddings.{name}_embeddings.weight", wanted)
    _pass_over(converted, expected, _TEXT_IGNORED, own_name, report)
    copy_exactly({name: wanted[name] for name in expected}, converted, str(path), type(model).__name__)
    report.ignored |= {own_name[n]: why for n in given if n not in converted and own_name[n] not in report.ignored
                       for why, rule in _TEXT_IGNORED.items() if rule.fullmatch(n)}  # fmt: skip
    report.loaded = [name for name in stored if name not in report.ignored]
    report.missing = _rest(model, expected)
    return report


def load_backbone(model: PretrainedModel, file: str | os.PathLike[str]) -> LoadReport:
    """Put the backbone of a Mask R-CNN of detectron2 (`backbone.*`) into a model with a head.

    `file` is a safetensors file or a checkpoint (.pth) of nothing but tensors and numbers. Raises ValueError where it
    does not fit.
    """
    path = Path(file)
    stored = read_tensors(path)
    report = LoadReport(str(path), type(model).__name__)
    prefix = BODY + "visual."
    wanted = {name.removeprefix(prefix): value for name, value in model.state_dict().items() if name.startswith(prefix)}
    given = dict(stored)
    _pass_over(given, set(wanted), _DETECTOR_IGNORED, {name: name for name in stored}, report)
    copy_exactly(wanted, given, str(path), f"the backbone of {type(model).__name__}")
    report.loaded = list(given)
    report.missing = [name for name in model.state_dict() if not name.startswith(prefix)]
    return report


def read_vocabulary(folder: Path) -> list[str]:
    """Tokens in the order of their numbers, of vocab.txt or tokenizer.json; ValueError where there is neither."""
    try:
        if (folder / "vocab.txt").is_file():
            # Not splitlines(): some vocabularies hold line separators as tokens.
            text = (folder / "vocab.txt").read_bytes().decode()
            return text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        if (folder / "tokenizer.json").is_file():
            numbers: dict[str, Any] = json.loads((folder / "tokenizer.json").read_bytes())["model"]["vocab"]
            return sorted(numbers, key=numbers.__getitem__)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{folder}: its vocabulary cannot be read: {error}") from None
    raise ValueError(f"{folder}: no vocab.txt and no tokenizer.json to compare the vocabulary with")


def _plain_name(name: str) -> str:
    """Without the model's prefix, and with today's names in layer norms."""
    plain = re.sub(r"^(bert|unilm)\.", "", name)
    return re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", plain))


def _as_projected(given: Mapping[str, Tensor], *, fused: bool) -> dict[str, Tensor]:
    """Queries, keys and values from one matrix or from three, whichever way they were stored."""
    made = dict(given)
    for name in given:
        prefix, found, part = name.partition(".attention.self.")
        prefix += found
        apart = [f"{prefix}{which}.{kind}" for which in ("query", "key", "value") for kind in ("weight", "bias")]
        if fused and part == "query.weight" and all(name in made for name in apart):
            matrices = [made.pop(f"{prefix}{which}.weight") for which in ("query", "key", "value")]
            if len({(matrix.shape, matrix.dtype) for matrix in matrices}) != 1 or matrices[0].dim() != 2:
                shapes = ", ".join(f"{tuple(matrix.shape)} {matrix.dtype}" for matrix in matrices)
                raise ValueError(f"{prefix}query, key and value are not alike: {shapes}")
            made[f"{prefix}qkv_linear.weight"] = torch.cat(matrices)
            made.pop(f"{prefix}key.bias", None)
            for which in ("query", "value"):
                made[f"{prefix}{which[0]}_bias"] = made.pop(f"{prefix}{which}.bias").view(1, 1, -1)
        elif fused and part in ("q_bias", "v_bias"):
            made[name] = made[name].view(1, 1, -1)
        elif not fused and part == "qkv_linear.weight" and f"{prefix}q_bias" in made and f"{prefix}v_bias" in made:
            rows = made.pop(name).chunk(3)
            biases = [
                made.pop(f"{prefix}q_bias").flatten(),
                torch.zeros(len(rows[1])),
                made.pop(f"{prefix}v_bias").flatten(),
            ]
            for which, matrix, bias in zip(("query", "key", "value"), rows, biases, strict=True):
                made[f"{prefix}{which}.weight"], made[f"{prefix}{which}.bias"] = matrix, bias
    return made


def _cut(given: dict[str, Tensor], name: str, wanted: Mapping[str, Tensor]) -> None:
    if name in given and given[name].dim() == 2 and len(given[name]) > len(wanted[name]):
        given[name] = given[name][: len(wanted[name])]


def _pass_over(
    given: dict[str, Tensor],
    expected: set[str],
    rules: Mapping[str, re.Pattern[str]],
    own_name: Mapping[str, str],
    report: LoadReport,
) -> None:
    """Take out what a rule lets us ignore, unless the model has it."""
    for name in [name for name in given if name not in expected]:
        rule = next((why for why, pattern in rules.items() if pattern.fullmatch(name)), None)
        if rule is not None:
            report.ignored[own_name[name]] = rule
            del given[name]


def _rest(model: PretrainedModel, loaded: set[str]) -> list[str]:
    return [name for name in model.state_dict() if name.removeprefix(BODY) not in loaded]
