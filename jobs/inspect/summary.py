"""What a dataset holds, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.inspect.matching import Matching
from jobs.inspect.picture import FORMATS
from jobs.inspect.reading import Place, manifest_parts, places, samples_at, spread
from pipeline.prepare.tia import from_npy
from pipeline.shards.dataset import Dataset
from schemas.page import Page, Route
from schemas.sample import TrainSample


@dataclass(frozen=True)
class Distribution:
    """Values and what is said of them."""

    values: NDArray[np.float64]

    def summary(self) -> dict[str, float]:
        """Number, minimum, median, 95th percentile and maximum."""
        low, median, high, top = np.percentile(self.values, [0, 50, 95, 100]).tolist()
        return {"n": len(self.values), "min": low, "median": median, "p95": high, "max": top}


@dataclass
class Stats:
    """Numbers of one dataset. `records` is how many page records were read for lines and confidence."""

    content: str
    digest: str
    generations: int
    shards: int = 0
    bytes: int = 0
    documents: int = 0
    records: int = 0
    status: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)  # of ok pages
    reasons: Counter[str] = field(default_factory=Counter)  # of the others
    decisions: Counter[str] = field(default_factory=Counter)  # why ok pages took their route, of the records read
    words: int = 0
    distributions: dict[str, Distribution] = field(default_factory=dict)
    matching: Matching | None = None  # of a training dataset

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        counted = {name: dict(sorted(getattr(self, name).items())) for name in _COUNTED}
        shapes = {name: shape.summary() for name, shape in self.distributions.items()}
        train = {} if self.matching is None else {"train": self.matching.to_dict()}
        return {**plain, **counted, "distributions": shapes, **train}


_PLAIN = ("content", "digest", "generations", "shards", "bytes", "documents", "words", "records")
_COUNTED = ("status", "routes", "reasons", "decisions")


def collect(dataset: Dataset, sample: int | None = None) -> Stats:
    """All numbers; page records are read of all pages, or of `sample` pages spread evenly."""
    info = dataset.info
    found = Stats(info.content, info.digest, len(info.generations))
    _count_manifest(dataset, found)
    _count_indexes(dataset, found)
    where = places(dataset)
    _read_records(dataset, found, where if sample is None else spread(where, sample))
    return found


def _count_manifest(dataset: Dataset, found: Stats) -> None:
    documents: set[str] = set()
    for part in manifest_parts(dataset):
        rows = part.select(["status", "route", "reason", "sha256", "words"]).to_pylist()
        for row in rows:
            found.status[row["status"]] += 1
            if row["status"] == "ok":
                found.routes[row["route"]] += 1
                found.words += row["words"]
                documents.add(row["sha256"])
            else:
                found.reasons[row["reason"]] += 1
    found.documents = len(documents)


def _count_indexes(dataset: Dataset, found: Stats) -> None:
    words: list[int] = []
    tokens: list[int] = []
    pictures: list[int] = []
    for shard in dataset.shards():
        found.shards += 1
        found.bytes += dataset.store.size(shard.tar)
        for row in dataset.index(shard).select(["words", "tokens", "members"]).to_pylist():
            words.append(row["words"])
            tokens += [] if row["tokens"] is None else [row["tokens"]]
            pictures.append(next(m["size"] for m in row["members"] if m["name"] in FORMATS))
    _put(found, "words per page", words)
    _put(found, "tokens per page", tokens)
    _put(found, "picture bytes", pictures)


def _read_records(dataset: Dataset, found: Stats, chosen: list[Place]) -> None:
    if dataset.info.content == "train":
        _read_samples(dataset, found, chosen)
        return
    lines: list[int] = []
    confidence: list[float] = []
    for sample in samples_at(dataset, chosen, ("json",)):
        page = Page.from_json(sample.members["json"])
        lines.append(len(page.lines.box))
        found.decisions[f"{page.route}: {page.reason}"] += 1
        if page.route is not Route.TEXT_LAYER and page.words.confidence:
            confidence.append(float(np.mean(page.words.confidence)))
    found.records = len(lines)
    _put(found, "lines per page", lines)
    _put(found, "mean confidence of an OCR page", confidence)


def _read_samples(dataset: Dataset, found: Stats, chosen: list[Place]) -> None:
    lines: list[int] = []
    found.matching = Matching()
    for sample in samples_at(dataset, chosen, ("json", "tia.npy")):
        record = TrainSample.from_json(sample.members["json"])
        lines.append(len(record.lines))
        sizes = {member["name"]: member["size"] for member in sample.row["members"]}
        found.matching.add(record, from_npy(sample.members["tia.npy"]), sizes)
    found.records = len(lines)
    _put(found, "lines per page", lines)


def _put(found: Stats, name: str, values: list[int] | list[float]) -> None:
    if values:
        found.distributions[name] = Distribution(np.asarray(values, dtype=np.float64))
