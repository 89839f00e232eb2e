"""Units of preparation: shards of samples that do not depend on who made them when, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from pipeline.prepare import Pages, load_tokenizer
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
        filled.worker(url, filled.config(**MIXED))


def test_other_pages_are_refused(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    with pytest.raises(ValueError, match=f"no generations of it add up to digest {'0' * 16}"):
        filled.worker(url, filled.config(**MIXED), digest="0" * 64)


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
    worker = filled.worker(url, filled.config(**MIXED))
    with pytest.raises(ValueError, match=r"gen-0000/pages-000001\.tar: .* are not those of the index"):
        worker.run(1, lambda: None)


def test_each_page_ticks(filled: Any) -> None:
    url = filled.prepare(**MIXED)
    worker = filled.worker(url, filled.config(**MIXED))
    ticks: list[None] = []
    marker = worker.run(2, lambda: ticks.append(None))
    assert len(ticks) == marker.counts.rows == 2
    assert GenerationFiles(Store(url), "gen-0000").done() == {"000000", "000001", "000002"}


def _two_sided(workshop: Any, make_document: Any) -> dict[str, str]:
    """Fourteen documents, each of which a second one says again; keys of the pages by their text."""
    documents = []
    for i in range(14):
        text = workshop.words(f"text {i}", 40)
        documents += [make_document(f"{which} {i}", [[*text[:38], which, which]]) for which in ("one", "other")]
    workshop.add(*documents)
    return {document.key(): f"text {i // 2}" for i, document in enumerate(documents)}


def test_both_sides_of_a_split_are_all_there_is(workshop: Any, make_document: Any) -> None:
    texts = _two_sided(workshop, make_document)
    options = {"held_out": 0.3, "variants": 2, "tim_replace_rate": 0.5}
    sides = {split: workshop.prepare(split, split=split, **options) for split in ("train", "held-out")}
    keys = {split: set(_samples(url)) for split, url in sides.items()}
    assert keys["train"] | keys["held-out"] == set(texts)
    assert not keys["train"] & keys["held-out"]
    assert 4 <= len(keys["held-out"]) <= 16
    # What says the same lies on one side.
    assert not {texts[key] for key in keys["train"]} & {texts[key] for key in keys["held-out"]}
    for split, url in sides.items():
        assert Dataset(url).info.totals.reasons == {"other-split": 28 - len(keys[split])}
        partners = {plan.partner for sample, _ in _samples(url).values() for plan in sample.tim if plan.partner}
        assert len(partners) > 3
        assert partners <= keys[split]


def test_a_split_does_not_depend_on_the_seed_and_holds_when_pages_are_added(workshop: Any, make_document: Any) -> None:
    texts = _two_sided(workshop, make_document)
    options = {"held_out": 0.3, "tim_replace_rate": 0.0}
    first = set(_samples(workshop.prepare("first", **options)))
    assert set(_samples(workshop.prepare("seed", seed=9, **options))) == first
    more = {f"text {i}": make_document(f"new {i}", [workshop.words(f"text {i}", 40)]) for i in range(14)}
    workshop.add(*more.values())
    url = workshop.prepare("first", **options)
    later = set(_samples(url))
    assert later >= first
    assert later - first == {document.key() for text, document in more.items() if text in {texts[key] for key in first}}
    assert set(_samples(workshop.prepare("at once", **options))) == later


def test_what_is_excluded_is_neither_a_sample_nor_a_partner(
    workshop: Any, make_document: Any, tmp_path_factory: Any
) -> None:
    kept_out = type(workshop)(tmp_path_factory.mktemp("evaluation"))
    same, like = workshop.document("same", 40, 50), workshop.words("like", 60)
    kept_out.add(same, make_document("form", [like]))
    near = make_document("near", [[*like[:57], "ka", "ka", "ka"]])
    others = [workshop.document(f"other {i}", 40) for i in range(6)]
    workshop.add(same, near, *others)
    exclude = [Pages(kept_out.pages_url, kept_out.pages.info.digest)]
    options = {"variants": 6, "tim_replace_rate": 0.8}
    url = workshop.prepare("train", exclude=exclude, **options)
    info = Dataset(url).info
    assert info.config["exclude"] == [kept_out.pages.info.digest]
    assert (info.totals.ok, info.totals.reasons) == (6, {"excluded": 3})
    details = {row["detail"] for row in Dataset(url).manifest("gen-0000").to_pylist() if row["reason"]}
    assert details == {"its document is kept out", "a near-duplicate of a page that is kept out"}
    samples = _samples(url)
    assert set(samples) == {document.key() for document in others}
    assert {plan.partner for sample, _ in samples.values() for plan in sample.tim if plan.partner} <= set(samples)
    # More of what is kept out is another configuration, and a worker that is given other datasets does nothing.
    with pytest.raises(ValueError, match="not those of the configuration"):
        workshop.worker(url, workshop.config(exclude=["0" * 64], **options), exclude)
    with pytest.raises(ValueError, match="exclude was .* and is"):
        workshop.prepare("train", **options)


def test_filters_are_counted(workshop: Any, make_document: Any) -> None:
    workshop.add(
        make_document("greek", [["αλφα", "βητα", "ka"]]),
        make_document("latin", [["ka", "lo", "mi"]]),
        make_document("few", [["ka"]]),
    )
    url = workshop.prepare(scripts=["latin"], min_words=2, tim_replace_rate=0.0)
    assert Dataset(url).info.totals.reasons == {"other-script": 1, "too-few-words": 1}
    small = workshop.prepare("small", min_side=241, tim_replace_rate=0.0)
    assert Dataset(small).info.totals.reasons == {"page-too-small": 3}


def test_the_worker_holds_no_table_of_pages(filled: Any) -> None:
    """Beside the plan it has read no index before its first page."""
    url = filled.prepare(**MIXED)
    worker = filled.worker(url, filled.config(**MIXED))
    assert not worker._directory._indexes
