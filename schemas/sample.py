"""The training sample: `{key}.json` of a training shard. Its pictures and TIA masks lie beside it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from schemas.base import Record
from schemas.boxes import Boxes
from schemas.page import KEY_PATTERN, Sha256

Key = Annotated[str, Field(pattern=f"^{KEY_PATTERN.pattern}$")]


class TimAction(StrEnum):
    """What text-image matching does to the picture of a sample (paper section 3.3)."""

    ALIGNED = "aligned"
    REPLACED = "replaced"
    DROPPED = "dropped"


class TimPlan(Record):
    """One variant's plan. `picture` is the member that holds the partner's page (`neg<variant>.png`)."""

    action: TimAction
    partner: Key | None = None
    picture: Annotated[str, Field(pattern=r"^neg[0-9]+\.png$")] | None = None

    @model_validator(mode="after")
    def _partner_iff_replaced(self) -> Self:
        replaced = self.action is TimAction.REPLACED
        if (self.partner is not None, self.picture is not None) != (replaced, replaced):
            raise ValueError(f"a plan {self.action.value!r} with partner {self.partner} and picture {self.picture}")
        return self


class Tokens(Record):
    """Content tokens without special ones; `word` and `line` number the page's words and lines."""

    id: list[NonNegativeInt]
    box: Boxes
    word: list[NonNegativeInt]
    line: list[NonNegativeInt]

    @model_validator(mode="after")
    def _same_lengths(self) -> Self:
        if len({len(self.id), len(self.box), len(self.word), len(self.line)}) != 1:
            raise ValueError("lists of different lengths")
        return self


class SampleDocument(Record):
    """Where a sample comes from."""

    sha256: Sha256
    page: NonNegativeInt


class TrainSample(Record):
    """One page, ready to be drawn upon: tokens, line boxes and the TIM plan of each variant."""

    kind: Literal["pagemill.sample/1"] = Field(default="pagemill.sample/1", alias="schema")
    key: Key
    document: SampleDocument
    tokens: Tokens
    lines: Boxes
    tim: list[TimPlan]

    @model_validator(mode="after")
    def _lines_exist(self) -> Self:
        if self.tokens.line and max(self.tokens.line) >= len(self.lines):
            raise ValueError(f"a token names line {max(self.tokens.line)} of {len(self.lines)}")
        return self
