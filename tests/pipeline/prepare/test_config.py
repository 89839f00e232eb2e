"""The configuration of preparation: every field that is out of range is named."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipeline.keyed import LAST_SEED
from pipeline.prepare import PrepareConfig
from schemas.base import canonical_json


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", LAST_SEED + 1),
        ("variants", 0),
        ("variants", 1001),
        ("tia_rate", -0.1),
        ("tia_rate", 1.1),
        ("tia_rate", math.nan),
        ("tim_replace_rate", 2.0),
        ("tim_drop_rate", -1.0),
        ("picture_size", 223),
        ("picture_size", 100_000),
        ("min_words", -1),
        ("min_side", 0),
        ("held_out", 1.1),
        ("held_out", math.nan),
    ],
)
def test_what_is_out_of_range_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{field} must be .*{value}"):
        PrepareConfig(tokenizer="0" * 64, **{field: value})


def test_rates_that_are_more_than_all_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 1, got 0\.6 \+ 0\.5"):
        PrepareConfig(tokenizer="0" * 64, tim_replace_rate=0.6, tim_drop_rate=0.5)
    PrepareConfig(tokenizer="0" * 64, tim_replace_rate=0.5, tim_drop_rate=0.5)


def test_the_papers_rates_are_the_default_and_all_of_it_is_stored() -> None:
    stored = PrepareConfig(tokenizer="0" * 64, seed=LAST_SEED).stored()
    assert (stored["tia_rate"], stored["tim_replace_rate"], stored["tim_drop_rate"]) == (0.15, 0.15, 0.05)
    assert set(stored) == set(PrepareConfig.__dataclass_fields__)
    assert canonical_json(stored)
    assert PrepareConfig(**stored) == PrepareConfig(tokenizer="0" * 64, seed=LAST_SEED)


def test_scripts_and_datasets_are_sets() -> None:
    one = PrepareConfig(tokenizer="0" * 64, scripts=["latin", "greek", "latin"], exclude=["b", "a"])
    assert one == PrepareConfig(tokenizer="0" * 64, scripts=("greek", "latin"), exclude=("a", "b"))
    assert (one.stored()["scripts"], one.stored()["exclude"]) == (["greek", "latin"], ["a", "b"])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scripts": ["klingon"]}, "scripts must be among arabic, .*, got 'klingon'"),
        ({"split": "test", "held_out": 0.1}, "split must be one of train, held-out, got 'test'"),
        ({"split": "held-out"}, "held_out is 0"),
    ],
)
def test_what_is_no_choice_is_named(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        PrepareConfig(tokenizer="0" * 64, **options)
