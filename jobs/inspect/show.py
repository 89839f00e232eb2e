"""The verb `show`: one record, to be read or looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import orjson
import typer
from PIL import Image

from jobs.inspect.draw import annotated
from jobs.inspect.options import AsJson, DatasetUrl
from jobs.inspect.order import words_by_line
from jobs.inspect.output import plain, print_json, shareable
from jobs.inspect.picture import open_picture, picture_name
from jobs.inspect.pieces import dataset_tokenizer, sample_lines
from jobs.inspect.reading import Sample, find_row, read_sample
from jobs.inspect.view import Variant, view
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import write_atomic
from schemas.manifest import ManifestRow, Status
from schemas.page import Page
from schemas.sample import TrainSample


def show(
    dataset: DatasetUrl,
    key: Annotated[str, typer.Argument(help="Key of a page, as `ls` prints it.", show_default=False)],
    png: Annotated[Path | None, typer.Option(help="Draw the page with its boxes and order into this file.")] = None,
    variant: Annotated[int, typer.Option(help="Of a training sample: which variant's covers and picture.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show one page: its words by line, where it comes from; or one training sample."""
    opened = Dataset(dataset)
    row = find_row(opened, key)
    if row.status is not Status.OK:
        _show_row(row, as_json)
        if png is not None:
            raise ValueError(f"{key} is {row.status} ({row.reason}): there is no picture to draw")
        return
    sample = read_sample(opened, row)
    if opened.info.content == "train":
        _show_train(opened, sample, variant, png, as_json)
    else:
        _show_page(sample, row, png, as_json)


def _show_page(sample: Sample, row: ManifestRow, png: Path | None, as_json: bool) -> None:
    page = Page.from_json(sample.members["json"])
    if png is not None:
        name = picture_name(sample.members)
        _write_png(png, annotated(open_picture(sample.members[name], name), page.words.box, page.lines.box, page))
    if as_json:
        print_json(orjson.loads(sample.members["json"]))
    else:
        _print_page(page, row)


def _show_train(dataset: Dataset, sample: Sample, variant: int, png: Path | None, as_json: bool) -> None:
    record = TrainSample.from_json(sample.members["json"])
    chosen = view(sample, record, variant)
    if png is not None:
        _write_png(png, annotated(chosen.picture, record.tokens.box, record.lines, None))
    if as_json:
        print_json(orjson.loads(sample.members["json"]))
    else:
        _print_train(dataset, sample, record, variant, chosen)


def _write_png(path: Path, image: Image.Image) -> None:
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--png: there is no folder {str(path.absolute().parent)!r}")
    sink = io.BytesIO()
    image.save(sink, format="PNG")
    write_atomic(path.absolute(), sink.getvalue())


def _show_row(row: ManifestRow, as_json: bool) -> None:
    if as_json:
        print_json(row.model_dump(mode="json"))
        return
    typer.echo(f"{row.key}: {row.status} {row.reason}")
    typer.echo(f"  {shareable(row.uri)} page {row.page}")
    if row.detail:
        typer.echo(f"  {plain(row.detail)}")


def _print_page(page: Page, row: ManifestRow) -> None:
    engine = page.engine
    facts = {
        "key": page.key,
        "file": shareable(page.document.uri),
        "page": f"{page.page + 1} of {page.document.pages}",
        "sha256": page.document.sha256,
        "shard": f"{row.generation}/{row.shard}",
        "picture": f"{page.size[0]} x {page.size[1]} pixels, turned by {page.orientation}",
        "route": f"{page.route} ({page.reason})",
        "features": ", ".join(f"{name} {value:g}" for name, value in page.features.items()),
        "engine": f"{engine.name} {engine.version}, configuration {engine.config[:12]}",
        "models": ", ".join(f"{name} {sha256[:12]}" for name, sha256 in engine.models.items()),
        "words": f"{len(page.words.text)} in {len(page.lines.box)} lines and {len(set(page.lines.block))} blocks",
        "truth": "" if page.truth is None else f"{len(page.truth.words)} words, {len(page.truth.entities)} entities",
    }
    _print_facts(facts)
    before = 0
    for line, words in words_by_line(page):
        if page.lines.block[line] != before:
            typer.echo("")
        before = page.lines.block[line]
        typer.echo(f"{line + 1:>5}  {plain(' '.join(page.words.text[i] for i in words))}")


def _print_facts(facts: dict[str, str]) -> None:
    for name, value in facts.items():
        if value:
            typer.echo(f"{name:<9} {plain(value)}")
    typer.echo("")


def _print_train(dataset: Dataset, sample: Sample, record: TrainSample, variant: int, chosen: Variant) -> None:
    plans = [plan.action.value + (f" by {plan.partner}" if plan.partner else "") for plan in record.tim]
    facts = {
        "key": record.key,
        "page": str(record.document.page + 1),
        "sha256": record.document.sha256,
        "shard": f"{sample.place.generation}/{sample.place.shard}",
        "tokens": f"{len(record.tokens.id)} of {sample.row['words']} words in {len(record.lines)} lines",
        **{f"variant {i}" + ("*" if i == variant else ""): plan for i, plan in enumerate(plans)},
        "covered": f"{len(chosen.lines)} of {len(record.lines)} lines, marked with #",
    }
    _print_facts(facts)
    for line, text in sample_lines(dataset_tokenizer(dataset), record):
        typer.echo(f"{line + 1:>5} {'#' if line in chosen.lines else ' '} {plain(text)}")
