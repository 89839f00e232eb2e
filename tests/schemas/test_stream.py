"""The stream's specification: its digest stands for everything that the order depends on."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.stream import Objectives, Part, StreamSpec, StreamState, Tail

SPEC = StreamSpec(datasets=(Part(dataset="1" * 64),), tokenizer="2" * 64, seed=3, global_batch=8)
CHANGES: list[dict[str, Any]] = [
    {"datasets": (Part(dataset="3" * 64),)},
    {"datasets": (Part(dataset="1" * 64, weight=2.0),)},
    {"tokenizer": "3" * 64},
    {"seed": 4},
    {"global_batch": 9},
    {"lanes": 63},
    {"window": 4095},
    {"buckets": 2},
    {"tail": Tail.DROP},
    *(
        {"objectives": Objectives.model_validate({name: value})}
        for name, value in {
            "mvlm_rate": 0.16,
            "mvlm_mask": 0.7,
            "mvlm_random": 0.2,
            "whole_word": True,
            "mask_fill": (0, 0, 1),
            "mask_grow": 3,
            "cover_fill": (0, 0, 2),
            "dropped_fill": (0, 0, 3),
            "first_window": True,
            "sep_box": 1000,
            "max_tokens": 509,
        }.items()
    ),
]


def test_every_field_is_changed_by_this_test() -> None:
    changed = {name for change in CHANGES for name in change}
    assert changed == set(StreamSpec.model_fields) - {"kind"}
    inner = {name for change in CHANGES for name in getattr(change.get("objectives"), "model_fields_set", ())}
    assert inner == set(Objectives.model_fields)


def test_the_digest_changes_with_every_field() -> None:
    digests = {SPEC.model_copy(update=change).digest for change in CHANGES}
    assert len(digests) == len(CHANGES)
    assert SPEC.digest not in digests


def test_the_digest_survives_json() -> None:
    assert StreamSpec.from_json(SPEC.to_json()).digest == SPEC.digest


@pytest.mark.parametrize(
    "change",
    [{"global_batch": 0}, {"lanes": 0}, {"window": 0}, {"seed": -1}, {"buckets": 0}, {"tail": "x"}, {"datasets": []}],
)
def test_impossible_specifications_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        StreamSpec.model_validate({**SPEC.model_dump(), **change})


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_rates_are_shares(rate: float) -> None:
    with pytest.raises(ValueError, match="mvlm_rate"):
        Objectives(mvlm_rate=rate)


@pytest.mark.parametrize(
    "rules", [{"mask_fill": (0, 0, 256)}, {"cover_fill": (-1, 0, 0)}, {"sep_box": 500}, {"mvlm_random": 0.3}]
)
def test_impossible_rules_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(rules))):
        Objectives(**rules)


def test_rules_from_a_file_are_the_papers_but_for_those_it_names() -> None:
    found = Objectives.from_json(b'{"mask_fill": [255, 255, 255], "whole_word": true, "sep_box": 1000}')
    assert found == Objectives(mask_fill=(255, 255, 255), whole_word=True, sep_box=1000)
    with pytest.raises(ValueError, match="mask_color"):
        Objectives.from_json(b'{"mask_color": [0, 0, 0]}')


def test_a_state_of_another_format_is_refused() -> None:
    state = StreamState(spec_digest=SPEC.digest, epoch=0, samples_consumed=5)
    assert StreamState.from_json(state.to_json()) == state
    with pytest.raises(ValueError, match="format_version"):
        StreamState.from_json(state.to_json().replace(b'"format_version":1', b'"format_version":2'))
