"""The stream's specification and its state: what is read in which order, and how far it has come."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from schemas.base import Record, digest
from schemas.page import Sha256

STATE_VERSION = 1


class Objectives(Record):
    """Rates and rules of what is drawn when a sample is read (paper section 3.3)."""

    mvlm_rate: float = Field(default=0.15, ge=0, le=1)
    mvlm_mask: float = Field(default=0.8, ge=0, le=1)
    mvlm_random: float = Field(default=0.1, ge=0, le=1)
    whole_word: bool = False
    fill: tuple[int, int, int] = (0, 0, 0)  # RGB of masks and covers
    max_tokens: PositiveInt = 510  # content tokens in a window


class StreamSpec(Record):
    """Everything that the order of samples and their draws depend on. World size and workers are not in it."""

    kind: Literal["pagemill.stream/1"] = Field(default="pagemill.stream/1", alias="schema")
    dataset: Sha256
    tokenizer: Sha256
    seed: NonNegativeInt = 0
    global_batch: PositiveInt
    lanes: PositiveInt = 64
    window: PositiveInt = 4096  # samples of a lane that are shuffled together
    objectives: Objectives = Objectives()

    @property
    def digest(self) -> str:
        """Digest that a state must carry to be resumed with this specification."""
        return digest(self.model_dump(mode="json", by_alias=True))


class StreamState(Record):
    """How far a run has consumed its stream; a few integers, the same for every rank."""

    format_version: Literal[1] = 1
    spec_digest: Sha256
    epoch: NonNegativeInt
    samples_consumed: NonNegativeInt
