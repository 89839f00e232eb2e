"""Datasets: digests that change with anything below them, and counts that add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dataset import (
    Counts,
    DatasetInfo,
    FileRef,
    Generation,
    GenerationPlan,
    Listing,
    UnitMarker,
    generation_digest,
)

number = st.integers(0, 1000)
tally = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 1000))
counts = st.builds(Counts, ok=number, rejected=number, duplicate=number, words=number, routes=tally, reasons=tally)


def file(name: str = "a.tar", size: int = 5, sha256: str = "0" * 64) -> FileRef:
    return FileRef(name=name, size=size, sha256=sha256)


def marker(unit: str = "000000", *files: FileRef) -> UnitMarker:
    return UnitMarker(unit=unit, shard=f"pages-{unit}", files=list(files), counts=Counts())


def generation(name: str = "gen-0000", digest: str = "1" * 64) -> Generation:
    return Generation(name=name, digest=digest, shards=1, counts=Counts(), inputs="", environment={})


@given(counts, counts, counts)
def test_counts_add_up_in_any_order(a: Counts, b: Counts, c: Counts) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Counts() == Counts() + a == a
    assert (a + b).rows == a.rows + b.rows
    assert sum((a + b).reasons.values()) == sum(a.reasons.values()) + sum(b.reasons.values())
    assert (a + b).to_json() == (b + a).to_json(), "the bytes of a marker do not depend on who was first"


@given(counts, counts)
def test_what_was_added_can_be_taken_away_and_no_more(a: Counts, b: Counts) -> None:
    assert (a + b) - b == a
    assert ((a + b) - a).to_json() == (Counts() + b).to_json()
    for more in (Counts(rejected=a.rejected + 1), Counts(reasons={"a": a.reasons.get("a", 0) + 1})):
        with pytest.raises(ValueError, match="greater than or equal to 0"):
            a - more


@given(st.lists(st.tuples(counts, counts), max_size=5))
def test_a_row_that_was_tried_again_counts_once(parts: list[tuple[Counts, Counts]]) -> None:
    """Each generation makes (rows that stay, rows that the next one stands in place of)."""
    made: list[Generation] = []
    for number, (stay, again) in enumerate(parts):
        replaces = parts[number - 1][1] if number else Counts()
        made.append(generation(f"gen-{number:04d}").model_copy(update={"counts": stay + again, "replaces": replaces}))
    left = parts[-1][1] if parts else Counts()
    assert DatasetInfo.totals_of(made) == sum((stay for stay, _ in parts), left)


@given(counts)
def test_counts_survive_json(a: Counts) -> None:
    assert Counts.from_json(a.to_json()) == a


def test_a_generation_digest_changes_with_any_file() -> None:
    first = marker("000000", file(), file("b.parquet"))
    base = generation_digest([first, marker("000001", file())])
    others = [
        [first],
        [first, marker("000002", file())],
        [marker("000000", file(), file("c.parquet")), marker("000001", file())],
        [marker("000000", file(size=6), file("b.parquet")), marker("000001", file())],
        [marker("000000", file(sha256="1" * 64), file("b.parquet")), marker("000001", file())],
        [marker("000000", file("b.parquet"), file()), marker("000001", file())],
    ]
    digests = {generation_digest(markers) for markers in others}
    assert len(digests) == len(others)
    assert base not in digests


def test_a_generation_digest_does_not_depend_on_who_was_first() -> None:
    markers = [marker(f"{i:06d}", file(size=i)) for i in range(4)]
    assert generation_digest(markers) == generation_digest(markers[::-1])


def test_a_dataset_digest_changes_with_any_generation() -> None:
    lists = [
        [],
        [generation()],
        [generation(digest="2" * 64)],
        [generation(), generation("gen-0001")],
        [generation("gen-0001")],
    ]
    assert len({DatasetInfo.digest_of(each) for each in lists}) == len(lists)


@pytest.mark.parametrize("name", ["gen-1", "gen-00000", "gen-0000\n", "../gen-0000", "GEN-0000"])
def test_names_of_generations_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        generation(name)
    with pytest.raises(ValueError, match="pattern"):
        GenerationPlan(name=name, units=0, unit_rows=1, rows=0, inputs="", files=[])


def test_a_dataset_survives_json() -> None:
    info = DatasetInfo(
        content="train",
        generations=[generation()],
        digest=DatasetInfo.digest_of([generation()]),
        config={"pages": 3, "rate": 0.15, "name": "x", "flag": True, "none": None},
        totals=Counts(ok=3, reasons={"timeout": 1}),
    )
    again = DatasetInfo.from_json(info.to_json())
    assert again.model_dump(exclude={"config"}) == info.model_dump(exclude={"config"})
    assert {key: again.config.get(key) for key in info.config} == info.config


def test_plans_and_listings_survive_json() -> None:
    replaced = Counts(rejected=2, reasons={"timeout": 2})
    listing = Listing(inputs=3, files=[file()], retry=True, replaces=replaced)
    assert Listing.from_json(listing.to_json()) == listing
    values = {"units": 2, "unit_rows": 8, "rows": 9, "inputs": "x", "files": [file()]}
    plan = GenerationPlan(name="gen-0001", retry=True, replaces=replaced, **values)
    assert GenerationPlan.from_json(plan.to_json()) == plan
    assert GenerationPlan(name="gen-0001", **values).replaces == Counts()


@pytest.mark.parametrize(("field", "value"), [("unit_rows", 0), ("units", -1), ("rows", -1), ("inputs", -1)])
def test_impossible_numbers_are_refused(field: str, value: int) -> None:
    plan = {"name": "gen-0000", "units": 1, "unit_rows": 1, "rows": 1, "inputs": "", "files": []}
    with pytest.raises(ValueError, match=field):
        GenerationPlan.model_validate({**plan, field: value})
    with pytest.raises(ValueError, match="inputs"):
        Listing(inputs=-1, files=[])


def test_content_is_of_a_closed_set() -> None:
    with pytest.raises(ValueError, match="'pages' or 'train'"):
        DatasetInfo.from_json(
            DatasetInfo(content="pages", generations=[], digest="0" * 64, config={}, totals=Counts())
            .to_json()
            .replace(b'"content":"pages"', b'"content":"other"')
        )
