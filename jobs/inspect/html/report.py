"""What the report shows, and its way into the template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from jobs.inspect.errors import Group, group_rows
from jobs.inspect.html.charts import HEIGHT, WIDTH, Chart, histogram
from jobs.inspect.html.draws import TrainSheet, train_sheet
from jobs.inspect.html.sheet import Sheet, page_sheet
from jobs.inspect.output import megabytes, number, plain, shareable, uri_tail
from jobs.inspect.pieces import dataset_tokenizer
from jobs.inspect.reading import Place, places, rows_of, samples_at, spread
from jobs.inspect.summary import Stats, collect
from pipeline.shards.dataset import Dataset
from schemas.dataset import DatasetInfo
from schemas.sample import TimAction

_TEMPLATE = "report.html.j2"
_EXAMPLES = 3
_RECORDS = 2000  # page records read for the distributions; all pages of a smaller dataset


@dataclass(frozen=True)
class Report:
    """Everything that the template shows."""

    url: str
    info: DatasetInfo
    stats: Stats
    groups: list[Group]
    charts: list[Chart]
    pages: list[Sheet] = field(default_factory=list)
    samples: list[TrainSheet] = field(default_factory=list)


def gather(dataset: Dataset, samples: int, on_pages: Callable[[int], None] = lambda done: None) -> Report:
    """Numbers of the whole dataset and `samples` pages, spread evenly, each route at least once."""
    stats = collect(dataset, _RECORDS)
    report = Report(
        url=shareable(dataset.store.url),
        info=dataset.info,
        stats=stats,
        groups=group_rows(dataset, _EXAMPLES),
        charts=[histogram(name, shape) for name, shape in stats.distributions.items()],
    )
    chosen = spread(places(dataset), samples) if samples else []
    if dataset.info.content == "train":
        _add_samples(dataset, report, chosen, on_pages)
    else:
        for done, sample in enumerate(samples_at(dataset, chosen), start=1):
            report.pages.append(page_sheet(sample))
            on_pages(done)
    return report


def _add_samples(dataset: Dataset, report: Report, chosen: list[Place], on_pages: Callable[[int], None]) -> None:
    tokenizer = dataset_tokenizer(dataset)
    rows = rows_of(dataset, {place.key for place in chosen})
    for done, sample in enumerate(samples_at(dataset, chosen), start=1):
        report.samples.append(train_sheet(tokenizer, sample, rows[sample.place.key]))
        on_pages(done)


def render(report: Report) -> str:
    """The report as one HTML document. Every value is escaped: words and names of files are not to be trusted."""
    environment = Environment(
        loader=PackageLoader("jobs.inspect", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=number, plain=plain, uri_tail=uri_tail, megabytes=megabytes, pretty=_pretty)
    return environment.get_template(_TEMPLATE).render(
        report=report, stats=report.stats, info=report.info, chart_size=(WIDTH, HEIGHT), actions=list(TimAction)
    )


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
