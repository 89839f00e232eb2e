"""The verb `stats`: what a dataset holds, in tables or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from jobs.inspect.matching import Matching
from jobs.inspect.options import AsJson, DatasetUrl
from jobs.inspect.output import console, megabytes, number, plain, print_json, print_note
from jobs.inspect.summary import Stats, collect
from pipeline.shards.dataset import Dataset
from pipeline.shards.generation import unfinished
from schemas.sample import TimAction


def stats(
    dataset: DatasetUrl,
    sample: Annotated[int | None, typer.Option(help="Read so many page records; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Totals by status, route and reason, and how words, lines, pictures and confidence are distributed."""
    if sample is not None and sample < 1:
        raise ValueError(f"--sample must be at least 1, got {sample}")
    opened = Dataset(dataset)
    found = collect(opened, sample)
    print_note(unfinished(opened.store, opened.info))
    if as_json:
        print_json(found.to_dict())
    else:
        print_stats(dataset, found)


def print_stats(url: str, stats: Stats) -> None:
    """Everything that `stats` knows, as tables."""
    out = console()
    out.print(f"{plain(url)}: {stats.content}, digest {stats.digest[:16]}", soft_wrap=True)
    out.print(
        f"{number(stats.status['ok'])} pages of {number(stats.documents)} documents, {number(stats.words)} words, "
        f"{number(stats.generations)} generation(s), {number(stats.shards)} shard(s), {megabytes(stats.bytes)}",
        soft_wrap=True,
    )
    for title, counts in (
        ("status", stats.status),
        ("route", stats.routes),
        ("route: reason", stats.decisions),
        ("not used", stats.reasons),
    ):
        if counts:
            out.print(_counts(title, counts))
    if stats.distributions:
        out.print(_distributions(stats))
    if stats.matching is not None and stats.matching.variants:
        out.print(_matching(stats.matching))
    if stats.records < stats.status["ok"]:
        out.print(f"lines, confidence and draws are of {number(stats.records)} pages, spread evenly", soft_wrap=True)


def _table(*titles: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(titles[0], no_wrap=True)
    for title in titles[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = _table(title, "pages", "share")
    total = sum(counts.values())
    for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        table.add_row(plain(name), number(count), f"{count / total:.1%}")
    return table


def _distributions(stats: Stats) -> Table:
    table = _table("distribution", "n", "min", "median", "p95", "max")
    for name, distribution in stats.distributions.items():
        table.add_row(name, *(number(value) for value in distribution.summary().values()))
    return table


def _matching(matching: Matching) -> Table:
    table = _table("variant", "lines covered", *(action.value for action in TimAction))
    for variant in range(matching.variants):
        actions = (number(matching.actions[variant][action.value]) for action in TimAction)
        table.add_row(str(variant), f"{matching.cover_rate(variant):.2%}", *actions)
    table.add_section()
    totals = (number(sum(actions[action.value] for actions in matching.actions)) for action in TimAction)
    table.add_row("all", f"{matching.cover_rate():.2%}", *totals)
    table.caption = f"{number(matching.negatives)} pictures of partners, {megabytes(matching.negative_bytes)}"
    return table
