"""The plan: deterministic, even, and the same for document i whatever the count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.synth import TYPES, VARIANTS, Spec, make, plan, plan_one

SEEDS = st.integers(0, (1 << 63) - 1)
some = settings(max_examples=30, deadline=None)


@some
@given(SEEDS)
def test_twenty_documents_hold_every_type_and_every_variant_twice(seed: int) -> None:
    specs = plan(20, seed)
    for name, choices in (("document_type", TYPES), ("variant", tuple(VARIANTS))):
        drawn = [getattr(spec, name) for spec in specs]
        assert all(drawn.count(choice) >= 2 for choice in choices)


@some
@given(SEEDS, st.integers(0, 60), st.integers(0, 60))
def test_a_shorter_plan_is_the_beginning_of_a_longer_one(seed: int, a: int, b: int) -> None:
    short, long = sorted((a, b))
    assert plan(short, seed) == plan(long, seed)[:short]


@some
@given(SEEDS)
def test_pages_fit_the_variant_and_names_are_unique(seed: int) -> None:
    specs = plan(40, seed)
    assert len({spec.name for spec in specs}) == 40
    assert all(spec.pages == 1 for spec in specs if spec.variant in ("jpeg", "png"))
    assert all(spec.pages >= 2 for spec in specs if spec.variant == "tiff")


def test_seeds_differ() -> None:
    assert [s.document_type for s in plan(16, 0)] != [s.document_type for s in plan(16, 1)]


def test_names() -> None:
    assert Spec(index=7, seed=0, document_type="form", variant="jpeg").name == "0007-form-scan.jpg"
    assert Spec(index=12345, seed=0, document_type="report", variant="tiff").name == "12345-report-fax.tif"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"document_type": "novel"}, "novel"),
        ({"variant": "gif"}, "gif"),
        ({"index": -1}, "-1"),
        ({"seed": -2}, "-2"),
        ({"seed": 1 << 63}, "seed"),
        ({"pages": 0}, "pages"),
        ({"variant": "png", "pages": 2}, "pages"),
    ],
)
def test_a_wrong_specification_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        replace(plan_one(0, 0), **change)  # type: ignore[arg-type]


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        plan(-1, 0)


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.integers(0, 10_000))
def test_any_document_is_a_pure_function_of_its_specification(seed: int, index: int) -> None:
    spec = plan_one(index, seed)
    first, second = make(spec), make(spec)
    assert first.data == second.data
    assert first.truth.to_json() == second.truth.to_json()
    assert (first.name, first.truth.seed) == (spec.name, seed)
    assert (first.truth.document_type, len(first.truth.pages)) == (spec.document_type, spec.pages)
