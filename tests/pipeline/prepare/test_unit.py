"""Units of preparation: shards of samples that do not depend on who made them when, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from pipeline.prepare import PrepareWorker, load_tokenizer
from pipeline.prepare.unit import TOKENIZER_FILE, generations_of
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles
from schemas.dataset import DatasetInfo
from schemas.sample import TimAction, TrainSample

MIXED: dict[str, Any] = {"variants": 4, "tim_replace_rate": 0.4, "tim_drop_rate": 0.2}


def _hashes(folder: str) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def _samples(url: str) -> dict[str, tuple[TrainSample, dict[str, bytes]]]:
    dataset = Dataset(url)
    return {
        row["key"]: (TrainSample.from_json(members["json"]), members)
        for shard in dataset.shards()
        for row, members in dataset.samples(shard)
    }


@pytest.fixture
def filled(workshop: Any) -> Any:
    """A workshop with ten pages in three shards."""
    workshop.add(
        *(workshop.document(f"d{i}", 40, 30) for i in range(4)), *(workshop.document(f"e{i}", 50) for i in (0, 1))
    )
    return workshop


def test_any_order_of_units_gives_the_same_bytes(filled: Any) -> None:
    one = filled.prepare("one", units=[0, 1, 2], **MIXED)
    other = filled.prepare("other", units=[2, 0, 1, 2], **MIXED)  # one of them twice
    assert _hashes(one) == _hashes(other)
    assert len([name for name in _hashes(one) if name.endswith(".tar")]) == 3


def test_what_is_recorded(filled: Any) -> None:
    url = filled.prepare(seed=3, min_words=35, **MIXED)
    info = Dataset(url).require("train").info
    assert info.config == filled.config(seed=3, min_words=35, **MIXED).stored()
    assert info.config["tokenizer"] == load_tokenizer(filled.tokenizer).digest
    assert (info.totals.ok, info.totals.rejected) == (6, 4)
    assert info.totals.reasons == {"too-few-words": 4}
    assert info.totals.words == 4 * 40 + 2 * 50  # of the pages that are there
    assert info.generations[0].inputs == filled.pages.info.digest
    rows = Dataset(url).manifest("gen-0000").to_pylist()
    assert len(rows) == 10
    assert {row["key"] for row in rows if row["status"] == "ok"} == set(_samples(url))
    assert all((row["words"] is None) == (row["status"] == "rejected") for row in rows)


def test_the_index_counts_tokens_and_keeps_signatures(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    of_pages = {row["key"]: row for s in filled.pages.shards() for row in filled.pages.index(s).to_pylist()}
    samples = _samples(url)
    for shard in Dataset(url).shards():
        for row in Dataset(url).index(shard).to_pylist():
            assert row["tokens"] == len(samples[row["key"]][0].tokens.id)
            for name in ("document", "words", "minhash", "phash"):
                assert row[name] == of_pages[row["key"]][name]


def test_negatives_are_their_partners_pictures(filled: Any) -> None:
    samples = _samples(filled.prepare(**MIXED))
    found = 0
    for sample, members in samples.values():
        for plan in sample.tim:
            if plan.action is TimAction.REPLACED:
                assert plan.partner is not None
                assert plan.picture is not None
                assert members[plan.picture] == samples[plan.partner][1]["png"]
                assert plan.partner[:16] != sample.key[:16]
                found += 1
        assert {name for name in members if name.startswith("neg")} == {p.picture for p in sample.tim if p.picture}
    assert found > 5


def test_a_page_without_a_partner_is_a_row(workshop: Any) -> None:
    workshop.add(workshop.document("only", 40, 40))
    url = workshop.prepare(tim_replace_rate=1.0, tim_drop_rate=0.0)
    totals = Dataset(url).info.totals
    assert (totals.ok, totals.reasons, totals.words) == (0, {"no-partner": 2}, 0)


def test_no_pages_are_no_samples(workshop: Any) -> None:
    workshop.add()
    assert Dataset(workshop.prepare()).require("train").info.totals.rows == 0


def test_more_pages_add_a_generation_and_touch_nothing(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    before = {name: (value, (Path(url) / name).stat().st_mtime_ns) for name, value in _hashes(url).items()}
    filled.add(filled.document("new", 45), filled.document("newer", 20))
    assert filled.prepare(**MIXED) == url
    after = _hashes(url)
    for name, (value, modified) in before.items():
        if name.startswith("gen-0000/"):
            assert after[name] == value
            assert (Path(url) / name).stat().st_mtime_ns == modified
    info = Dataset(url).info
    assert [g.name for g in info.generations] == ["gen-0000", "gen-0001"]
    assert (info.totals.ok, info.generations[1].counts.ok) == (12, 2)
    # New pages may have old ones as partners; they are read from all generations.
    assert set(_samples(url)) == {
        row["key"] for s in filled.pages.shards() for row in filled.pages.index(s).to_pylist()
    }


def test_other_pages_do_not_change_a_sample_that_keeps_its_partners(filled: Any) -> None:
    """A sample's draws depend on its key: a generation later, aligned and dropped variants are as they were."""
    options = {"variants": 4, "tim_replace_rate": 0.0, "tim_drop_rate": 0.3}
    first = _samples(filled.prepare("first", **options))
    filled.add(filled.document("new", 45))
    again = _samples(filled.prepare("again", **options))
    assert {key: again[key] for key in first} == first


@pytest.mark.parametrize(("field", "value"), [("seed", 1), ("variants", 5), ("tia_rate", 0.5), ("picture_size", 256)])
def test_another_configuration_is_refused_by_name(filled: Any, field: str, value: Any) -> None:
    filled.prepare(**MIXED)
    with pytest.raises(ValueError, match=f"{field} was .* and is {value}"):
        filled.prepare(**{**MIXED, field: value})


def test_another_tokenizer_file_is_refused(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    Store(url).write(TOKENIZER_FILE, filled.tokenizer.replace(b'"ka"', b'"KA"'))
    with pytest.raises(ValueError, match=r"tokenizer\.json is not what the dataset was made with"):
        PrepareWorker(url, "gen-0000", filled.pages_url, filled.pages.info.digest, filled.config(**MIXED))


def test_other_pages_are_refused(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    with pytest.raises(ValueError, match=f"no generations of it add up to digest {'0' * 16}"):
        PrepareWorker(url, "gen-0000", filled.pages_url, "0" * 64, filled.config(**MIXED))


def test_generations_of_finds_every_earlier_state(filled: Any) -> None:
    digests = [DatasetInfo.digest_of([]), filled.pages.info.digest]
    filled.add(filled.document("new", 45))
    digests.append(filled.pages.info.digest)
    names = ["gen-0000", "gen-0001"]
    assert [generations_of(filled.pages.info, digest) for digest in digests] == [names[:n] for n in range(3)]


def test_a_damaged_page_is_named(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    tar = Path(filled.pages_url) / "gen-0000" / "pages-000001.tar"
    data = bytearray(tar.read_bytes())
    data[700] ^= 1
    tar.write_bytes(data)
    worker = PrepareWorker(url, "gen-0000", filled.pages_url, filled.pages.info.digest, filled.config(**MIXED))
    with pytest.raises(ValueError, match=r"gen-0000/pages-000001\.tar: .* are not those of the index"):
        worker.run(1, lambda: None)


def test_each_page_ticks(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    worker = PrepareWorker(url, "gen-0000", filled.pages_url, filled.pages.info.digest, filled.config(**MIXED))
    ticks: list[None] = []
    marker = worker.run(2, lambda: ticks.append(None))
    assert len(ticks) == marker.counts.rows == 2
    assert GenerationFiles(Store(url), "gen-0000").done() == {"000000", "000001", "000002"}
