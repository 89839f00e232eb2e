"""What a pre-training run is; written once, refused when it differs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from pipeline.shards.files import write_atomic
from schemas.base import Record
from schemas.page import Sha256
from schemas.stream import Objectives, StreamSpec

RUN_FILE = "run.json"
R = TypeVar("R", bound=Record)


class OptimConfig(Record):
    """AdamW as in the paper (section 4.1), but for the rate: 2e-5 goes on from UniLMv2, ours begins from nothing."""

    learning_rate: PositiveFloat = 5e-4
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.1  # share of the steps
    clip: PositiveFloat = 1.0  # norm of the gradient


class StoredWeights(Record):
    """Weights of another model that a run begins with."""

    place: str  # a file, or a model's folder
    sha256: Sha256  # of the file of weights


class RunConfig(Record):
    """Everything that a run's results depend on beside the machine."""

    kind: Literal["pagemill.run/1"] = Field(default="pagemill.run/1", alias="schema")
    train: str | list[str]  # the datasets of the stream, in its order
    preset: str
    steps: PositiveInt
    seed: NonNegativeInt
    stream: StreamSpec
    optim: OptimConfig
    checkpoint_every: PositiveInt
    text_weights: StoredWeights | None = None  # of a BERT or UniLMv2
    backbone: StoredWeights | None = None  # of a Mask R-CNN

    @property
    def urls(self) -> list[str]:
        """Where the datasets lie."""
        return [self.train] if isinstance(self.train, str) else self.train


def settle(run: Path, config: RunConfig) -> None:
    """Write run.json, or compare with the one that is there; ValueError naming the field that differs."""
    path = run / RUN_FILE
    if (before := recorded(run)) is not None:
        for name, was, now in _differences(_compared(before), _compared(config)):
            raise ValueError(f"{run} is a run with another {name}: it was {was!r}, now {now!r}")
        return
    if run.exists() and not run.is_dir():
        raise ValueError(f"{run} is a file, expected a folder for the run")
    if run.exists() and not all(_is_left_over(entry) for entry in run.iterdir()):
        raise ValueError(f"{run} is not empty and holds no run: choose another --out")
    run.mkdir(parents=True, exist_ok=True)
    write_atomic(path, config.to_json())


def pinned_datasets(run: Path) -> list[str] | None:
    """Digests of the datasets that a run which was begun reads, whatever was added to them since; None before that."""
    before = recorded(run)
    return None if before is None else [part.dataset for part in before.stream.datasets]


def of_run(run: Path) -> RunConfig:
    """The configuration of a run; ValueError where there is none."""
    if (found := recorded(run)) is None:
        raise ValueError(f"no run at {run}: it has no {RUN_FILE}")
    return found


def recorded(run: Path) -> RunConfig | None:
    """The configuration of a run that was begun."""
    path = run / RUN_FILE
    return _parsed(RunConfig, path) if path.exists() else None


def _parsed(kind: type[R], path: Path) -> R:
    """The record in a file; ValueError naming the file where it holds none."""
    try:
        return kind.from_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _compared(config: RunConfig) -> dict[str, Any]:
    """What must be the same again: of stored weights their bytes, wherever they lie."""
    values = config.model_dump(mode="json")
    for name in ("text_weights", "backbone"):
        if values[name] is not None:
            values[name] = values[name]["sha256"]
    return values


def read_objectives(path: Path | None) -> Objectives:
    """The rates, fills and rules in a file, the paper's for all that it does not name; ValueError for what is none."""
    if path is None:
        return Objectives()
    if not path.is_file():
        raise ValueError(f"no such file: {str(path)!r}")
    return _parsed(Objectives, path)


def _is_left_over(entry: Path) -> bool:
    """Whether this is run.json as a killed process was writing it."""
    return entry.name.startswith(f".{RUN_FILE}.") and entry.suffix == ".tmp"


def _differences(before: dict[str, Any], now: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(name, value before, value now) of each field that differs, those of inner records by their dotted name."""
    for name, was in before.items():
        if isinstance(was, dict) and isinstance(now[name], dict):
            yield from _differences(was, now[name], f"{prefix}{name}.")
        elif was != now[name]:
            yield prefix + name, was, now[name]
