"""The even choice of pages, for any dataset."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.inspect.reading import Place, places, samples_at, spread
from pipeline.shards.dataset import Dataset

ROUTES = st.lists(st.sampled_from(["ocr", "text-layer", "mixed"]), max_size=200)


def made(routes: list[str]) -> list[Place]:
    return [Place("gen-0000", f"pages-{i // 8:06d}", str(i), route) for i, route in enumerate(routes)]


@given(routes=ROUTES, count=st.integers(1, 60))
def test_always_so_many_in_order_with_every_route(routes: list[str], count: int) -> None:
    found = made(routes)
    chosen = spread(found, count)
    kinds = set(routes)
    assert len(chosen) == min(len(found), max(count, len(kinds)))
    assert chosen == sorted(chosen, key=lambda place: int(place.key))
    assert len({place.key for place in chosen}) == len(chosen)
    assert {place.route for place in chosen} == kinds
    assert chosen == spread(found, count)


@given(routes=ROUTES.filter(bool), count=st.integers(6, 60))
def test_routes_keep_about_their_share(routes: list[str], count: int) -> None:
    chosen = spread(made(routes), count)
    if len(chosen) == len(routes):
        return
    for route in set(routes):
        share = count * routes.count(route) / len(routes)
        assert abs(sum(place.route == route for place in chosen) - share) <= 2


def test_evenly_over_one_route() -> None:
    chosen = spread(made(["ocr"] * 101), 5)
    assert [int(place.key) for place in chosen] == [0, 25, 50, 75, 100]


def test_places_and_samples(clean_pages: Path) -> None:
    dataset = Dataset(str(clean_pages))
    found = places(dataset)
    assert len(found) == 9
    assert [sample.place for sample in samples_at(dataset, found)] == found
    assert [set(sample.members) for sample in samples_at(dataset, found, ("json",))] == [{"json"}] * 9


def test_a_key_that_is_not_in_its_shard(clean_pages: Path) -> None:
    place = Place("gen-0000", "pages-000000", "0" * 16 + "-00000", "ocr")
    with pytest.raises(ValueError, match="which the manifest puts there"):
        list(samples_at(Dataset(str(clean_pages)), [place]))
