"""Faults of training samples, in datasets whose hashes are right."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.inspect.lint import lint
from pipeline.shards.dataset import Dataset
from pipeline.shards.hashes import similarity

Record = dict[str, Any]


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


def find(train: Any, fits: Callable[[Record], bool]) -> tuple[str, str, Record]:
    """(shard, key, record) of the first sample that fits."""
    dataset = Dataset(train.url)
    for shard in dataset.shards():
        for row, members in dataset.samples(shard):
            record = json.loads(members["json"])
            if fits(record):
                return f"{shard.generation}/{shard.stem}", row["key"], record
    raise AssertionError("no sample fits")


def has(action: str) -> Callable[[Record], bool]:
    return lambda record: any(plan["action"] == action for plan in record["tim"])


def first_of(record: Record, action: str) -> Record:
    return next(plan for plan in record["tim"] if plan["action"] == action)


def _shorter(record: Record) -> None:
    for values in record["tokens"].values():
        values.pop()


def _word_in_two_lines(record: Record) -> None:
    tokens = record["tokens"]
    tokens["word"] = [0 if word == 1 else word for word in tokens["word"]]
    second = next(i for i, line in enumerate(tokens["line"]) if line == 1)
    tokens["word"][second] = tokens["word"][second - 1]


def _back(name: str) -> Callable[[Record], None]:
    def change(record: Record) -> None:
        values = record["tokens"][name]
        values[0] = max(values)

    return change


TOKEN_FAULTS: dict[str, tuple[Callable[[Record], Any], set[str]]] = {
    "unknown field": (lambda r: r.update(more=1), {"sample-record"}),
    "another schema": (lambda r: r.update(schema="x"), {"sample-record"}),
    "lists of two lengths": (lambda r: r["tokens"]["id"].pop(), {"sample-record"}),
    "a line that is not there": (lambda r: r["tokens"]["line"].__setitem__(-1, 10_000), {"sample-record"}),
    "box out of range": (lambda r: r["tokens"]["box"][0].__setitem__(3, 2000), {"sample-record"}),
    "a token less": (_shorter, {"sample-tokens"}),
    "no token": (lambda r: r.update(tokens={"id": [], "box": [], "word": [], "line": []}), {"sample-tokens"}),
    "a token outside the vocabulary": (lambda r: r["tokens"]["id"].__setitem__(0, 10**6), {"sample-tokens"}),
    "a word that is not there": (lambda r: r["tokens"]["word"].__setitem__(-1, 9999), {"sample-tokens"}),
    "a word in two lines": (_word_in_two_lines, {"sample-tokens"}),
    "words going back": (_back("word"), {"sample-tokens"}),
    "lines going back": (_back("line"), {"sample-tokens"}),
    "a token outside its line": (lambda r: r["lines"][0].__setitem__(0, r["lines"][0][2]), {"sample-tokens"}),
    "another page": (lambda r: r["document"].update(page=77), {"sample-match"}),
    "another document": (lambda r: r["document"].update(sha256="0" * 64), {"sample-match"}),
    "another file": (
        lambda r: r["document"].update(sha256=r["document"]["sha256"][:16] + "0" * 48),
        {"sample-match"},
    ),
    "another key": (lambda r: r.update(key="0" * 16 + "-00000"), {"sample-match", "sample-covers", "sample-matches"}),
    "a line more": (lambda r: r["lines"].append([0, 0, 1, 1]), {"sample-covers"}),
    "a variant less": (lambda r: r["tim"].pop(), {"sample-matches"}),
    "a variant more": (lambda r: r["tim"].append({"action": "aligned"}), {"sample-matches"}),
}


@pytest.mark.parametrize("name", TOKEN_FAULTS)
def test_faults_of_a_record(train: Any, name: str) -> None:
    fault, expected = TOKEN_FAULTS[name]
    shard, key, _ = find(train, lambda r: r["tim"][-1]["action"] != "replaced" and len(r["lines"]) > 2)
    train.edit_record(shard, key, fault)
    assert codes(train.url) == expected


def _npy(array: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array, **options)
    return sink.getvalue()


class Planted:
    """Would make a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def covers_of(train: Any, shard: str, key: str) -> Any:
    kept: dict[str, bytes] = {}
    train.edit_sample(shard, key, lambda members, row: kept.update(members))
    return np.load(io.BytesIO(kept["tia.npy"]), allow_pickle=False)


COVER_FAULTS: dict[str, Callable[[Any], bytes]] = {
    "a line less": lambda covers: _npy(covers[:, :-1]),
    "a variant less": lambda covers: _npy(covers[:-1]),
    "turned": lambda covers: _npy(covers.T),
    "flat": lambda covers: _npy(covers.ravel()),
    "of another type": lambda covers: _npy(covers.astype(np.int64)),
    "a two": lambda covers: _npy(covers * 2),
    "not the ones drawn": lambda covers: _npy(1 - covers),
    "empty": lambda covers: b"",
    "cut": lambda covers: _npy(covers)[:-3],
    "not npy": lambda covers: b"\x93NUMPY" + bytes(100),
}


@pytest.mark.parametrize("name", COVER_FAULTS)
def test_faults_of_line_covers(train: Any, name: str) -> None:
    shard, key, _ = find(train, lambda record: len(record["lines"]) > 4)
    data = COVER_FAULTS[name](covers_of(train, shard, key))
    train.edit_sample(shard, key, lambda members, row: members.update({"tia.npy": data}))
    assert codes(train.url) == {"sample-covers"}


def test_pickled_covers_are_not_unpickled(train: Any, tmp_path: Path) -> None:
    shard, key, _ = find(train, lambda record: True)
    data = _npy(np.array([Planted(tmp_path / "touched")], dtype=object), allow_pickle=True)
    train.edit_sample(shard, key, lambda members, row: members.update({"tia.npy": data}))
    assert codes(train.url) == {"sample-covers"}
    assert not (tmp_path / "touched").exists()


def _partner(change: Callable[[Record, Record], Any]) -> Callable[[Record], None]:
    return lambda record: change(first_of(record, "replaced"), record)


PARTNER_FAULTS: dict[str, tuple[Callable[[Record], None], set[str]]] = {
    "of the same document": (
        _partner(lambda plan, r: plan.update(partner=r["document"]["sha256"][:16] + "-00001")),
        {"partner-document"},
    ),
    "of no page": (_partner(lambda plan, r: plan.update(partner="0" * 16 + "-00000")), {"partner-unknown"}),
    "without a key": (_partner(lambda plan, r: plan.pop("partner")), {"sample-record"}),
    "without a picture": (_partner(lambda plan, r: plan.pop("picture")), {"sample-record"}),
    "with another picture": (
        _partner(lambda plan, r: plan.update(picture="neg9.png")),
        {"sample-matches", "index-members"},
    ),
    "a path for a picture": (_partner(lambda plan, r: plan.update(picture="../x.png")), {"sample-record"}),
    "aligned instead": (
        _partner(lambda plan, r: (plan.clear(), plan.update(action="aligned"))),
        {"sample-matches", "index-members"},
    ),
}


@pytest.mark.parametrize("name", PARTNER_FAULTS)
def test_faults_of_a_partner(train: Any, name: str) -> None:
    fault, expected = PARTNER_FAULTS[name]
    shard, key, _ = find(train, lambda r: has("replaced")(r) and r["document"]["page"] == 0)
    train.edit_record(shard, key, fault)
    found = codes(train.url)
    # "of the same document" may name a page that was left out, or that is not there at all
    assert expected <= found <= expected | {"partner-unknown"}


@pytest.mark.parametrize("action", ["aligned", "dropped"])
def test_a_partner_of_a_picture_that_is_not_replaced(train: Any, action: str) -> None:
    shard, key, _ = find(train, has(action))
    other = next(row for row in train.keys(shard) if row[:16] != key[:16])
    train.edit_record(shard, key, lambda r: first_of(r, action).update(partner=other))
    assert "sample-record" in codes(train.url)


def test_an_action_that_the_seed_does_not_draw(train: Any) -> None:
    shard, key, _ = find(train, has("aligned"))
    train.edit_record(shard, key, lambda r: first_of(r, "aligned").update(action="dropped"))
    assert codes(train.url) == {"sample-matches"}


def test_another_seed_draws_others(train: Any) -> None:
    train.edit_json("dataset.json", lambda info: info["config"].update(seed=1))
    assert codes(train.url) == {"sample-matches", "sample-covers"}


def test_a_near_duplicate_as_partner(train: Any, clean_pages: Path) -> None:
    dataset = Dataset(str(clean_pages))
    rows = [row for shard in dataset.shards() for row in dataset.index(shard).to_pylist()]
    pairs = [(a, b) for a in rows for b in rows if a["document"] != b["document"] and min(a["words"], b["words"]) >= 20]
    twin_of = {a["key"]: b["key"] for a, b in pairs if similarity(a["minhash"], b["minhash"]) >= 0.5}
    shard, key, _ = find(train, lambda r: r["key"] in twin_of and has("replaced")(r))
    train.edit_record(shard, key, lambda r: first_of(r, "replaced").update(partner=twin_of[key]))
    assert codes(train.url) == {"partner-duplicate"}


@pytest.mark.parametrize("part", ["own", "partner's"])
@pytest.mark.parametrize(("size", "mode"), [((225, 224), "L"), ((448, 448), "RGB")])
def test_a_picture_of_another_size(train: Any, part: str, size: tuple[int, int], mode: str) -> None:
    shard, key, record = find(train, has("replaced"))
    name = "png" if part == "own" else first_of(record, "replaced")["picture"]
    sink = io.BytesIO()
    Image.new(mode, size).save(sink, format="PNG")
    train.edit_sample(shard, key, lambda members, row: members.update({name: sink.getvalue()}))
    assert codes(train.url) == {"picture-size"}


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "I;16"])
def test_a_picture_of_another_mode(train: Any, mode: str) -> None:
    shard, key, _ = find(train, lambda record: True)
    sink = io.BytesIO()
    Image.new(mode, (224, 224)).save(sink, format="PNG")
    train.edit_sample(shard, key, lambda members, row: members.update(png=sink.getvalue()))
    assert codes(train.url) == {"picture-file"}


def test_a_partners_picture_left_out(train: Any) -> None:
    shard, key, record = find(train, has("replaced"))
    name = first_of(record, "replaced")["picture"]
    train.edit_sample(shard, key, lambda members, row: members.pop(name))
    assert codes(train.url) == {"index-members"}


def test_a_picture_of_nobody(train: Any) -> None:
    shard, key, _ = find(train, lambda r: r["tim"][0]["action"] != "replaced")
    train.edit_sample(shard, key, lambda members, row: members.update({"neg0.png": members["png"]}))
    assert codes(train.url) == {"index-members"}


def test_a_page_with_too_few_words(train: Any) -> None:
    train.edit_json("dataset.json", lambda info: info["config"].update(min_words=25))
    found = lint(train.url)
    assert {finding.code for finding in found} == {"sample-words"}
    assert len(found) == 1


def test_tokens_are_counted_in_the_index(train: Any) -> None:
    train.edit_index("gen-0000/train-000000", lambda rows: rows[0].update(tokens=None))
    assert codes(train.url) == {"sample-tokens"}
