"""The training sample: plans that are whole, tokens that name lines which exist."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sample import SampleDocument, TimAction, TimPlan, Tokens, TrainSample

KEY = "ab" * 8 + "-00000"


def sample(**changes: Any) -> TrainSample:
    tokens = Tokens(id=[5, 6], box=[(0, 0, 1, 1), (2, 2, 3, 3)], word=[0, 1], line=[0, 1])
    fields: dict[str, Any] = {
        "key": KEY,
        "document": SampleDocument(sha256="ab" * 32, page=0),
        "tokens": tokens,
        "lines": [(0, 0, 1, 1), (2, 2, 3, 3)],
        "tim": [TimPlan(action=TimAction.ALIGNED)],
    }
    return TrainSample(**{**fields, **changes})


@given(
    st.sampled_from(TimAction), st.none() | st.just(KEY), st.none() | st.integers(0, 99).map(lambda i: f"neg{i}.png")
)
def test_a_plan_has_a_partner_and_its_picture_if_and_only_if_it_replaces(
    action: TimAction, partner: str | None, picture: str | None
) -> None:
    whole = partner is not None and picture is not None
    none = partner is None and picture is None
    valid = whole if action is TimAction.REPLACED else none
    if valid:
        plan = TimPlan(action=action, partner=partner, picture=picture)
        assert TimPlan.from_json(plan.to_json()) == plan
    else:
        with pytest.raises(ValueError, match="a plan"):
            TimPlan(action=action, partner=partner, picture=picture)


@pytest.mark.parametrize("picture", ["neg.png", "neg0.jpg", "../neg0.png", "neg0.png\n", ""])
def test_a_picture_is_a_member_of_the_sample(picture: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        TimPlan(action=TimAction.REPLACED, partner=KEY, picture=picture)


def test_a_sample_survives_json() -> None:
    assert TrainSample.from_json(sample().to_json()) == sample()


def test_tokens_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Tokens(id=[1], box=[], word=[0], line=[0])


def test_a_token_of_a_line_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="a token names line 1 of 1"):
        sample(lines=[(0, 0, 1, 1)])


def test_tokens_are_not_negative() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Tokens(id=[-1], box=[(0, 0, 1, 1)], word=[0], line=[0])
