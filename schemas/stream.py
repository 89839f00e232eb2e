"""The stream's specification and its state: what is read in which order, and how far it has come."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from schemas.base import Record, digest
from schemas.page import Sha256

STATE_VERSION = 1


Channel = Annotated[int, Field(ge=0, le=255)]
Rgb = tuple[Channel, Channel, Channel]


class Tail(StrEnum):
    """What happens to the samples of an epoch that do not fill a global batch."""

    WRAP = "wrap"  # the batch goes on into the next epoch: nothing is left out, nothing is added
    DROP = "drop"  # they are left out, other ones in each epoch
    PAD = "pad"  # the batch is filled up with samples of weight zero


class Objectives(Record):
    """Rates and rules of what is drawn when a sample is read (paper section 3.3)."""

    mvlm_rate: float = Field(default=0.15, ge=0, le=1)
    mvlm_mask: float = Field(default=0.8, ge=0, le=1)
    mvlm_random: float = Field(default=0.1, ge=0, le=1)
    whole_word: bool = False
    mask_fill: Rgb = (0, 0, 0)  # of the words of selected tokens
    mask_grow: int = Field(
        default=2, ge=0, le=64
    )  # pixels of the stored picture on each side: ink reaches out of its box by as much
    cover_fill: Rgb = (0, 0, 0)  # of covered lines; it lies above masks
    dropped_fill: Rgb = (124, 116, 104)  # of dropped pictures: what the backbone subtracts
    max_tokens: int = Field(default=510, ge=1, le=510)  # content tokens in a window: the model takes 512
    first_window: bool = False  # of a long page, as in evaluation; else a random one, drawn by key
    sep_box: Literal[0, 1000] = 0  # every coordinate of [SEP]: zero as in the paper's code, 1000 as in Hugging Face's

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.mvlm_mask + self.mvlm_random > 1:
            raise ValueError(f"mvlm_mask + mvlm_random must be at most 1, got {self.mvlm_mask} + {self.mvlm_random}")
        return self


class Part(Record):
    """A dataset of the stream, by its digest, and how often its samples come beside those of the others."""

    dataset: Sha256
    weight: PositiveFloat = 1.0


class StreamSpec(Record):
    """Everything that the order of samples and their draws depend on. World size and workers are not in it."""

    kind: Literal["pagemill.stream/1"] = Field(default="pagemill.stream/1", alias="schema")
    datasets: Annotated[tuple[Part, ...], Field(min_length=1, max_length=100)]
    tokenizer: Sha256
    seed: NonNegativeInt = 0
    global_batch: PositiveInt
    lanes: PositiveInt = 64
    window: PositiveInt = 4096  # samples of a lane that are shuffled together
    buckets: PositiveInt = 1  # global batches in a window in which samples of like length come together; 1: none do
    tail: Tail = Tail.WRAP
    objectives: Objectives = Objectives()

    @model_validator(mode="after")
    def _one_tail(self) -> Self:
        if len(self.datasets) > 1 and self.tail is not Tail.WRAP:
            raise ValueError(f"tail must be 'wrap' with several datasets, got {self.tail.value!r}")
        return self

    def differences(self, other: StreamSpec) -> list[str]:
        """Each field in which `other` differs, with both values; those of the objectives by their dotted name."""
        mine, theirs = (spec.model_dump(mode="json", by_alias=True) for spec in (self, other))
        for fields in (mine, theirs):
            fields |= {f"objectives.{name}": value for name, value in fields.pop("objectives").items()}
        return [
            f"{name} is {value!r} here, {theirs[name]!r} there" for name, value in mine.items() if value != theirs[name]
        ]

    @property
    def digest(self) -> str:
        """Digest that a state must carry to be resumed with this specification."""
        return digest(self.model_dump(mode="json", by_alias=True))


class StreamState(Record):
    """How far a run has consumed its stream; a few integers, the same for every rank."""

    format_version: Literal[1] = 1
    spec_digest: Sha256
    epoch: NonNegativeInt  # of the first dataset
    samples_consumed: NonNegativeInt
