"""The verb `ls`: rows of the manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.inspect.options import DatasetUrl
from jobs.inspect.output import plain, print_json, uri_tail
from jobs.inspect.reading import manifest_rows
from pipeline.shards.dataset import Dataset
from schemas.manifest import ManifestRow, Reason, Status
from schemas.page import Route


def ls(
    dataset: DatasetUrl,
    route: Annotated[Route | None, typer.Option(help="Only pages of this route.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only rows of this status.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Only rows with this reason.")] = None,
    document: Annotated[str | None, typer.Option(help="Only documents whose sha256 begins so.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many rows.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Whole rows, one JSON object a line.")] = False,
) -> None:
    """List pages and what became of them: key, status or route, words, shard, file."""
    if limit is not None and limit < 0:
        raise ValueError(f"--limit must not be negative, got {limit}")
    shown = 0
    for row in manifest_rows(Dataset(dataset)):
        if shown == limit:
            break
        if _matches(row, route, status, reason, document):
            shown += 1
            if as_json:
                print_json(row.model_dump(mode="json"), indent=None)
            else:
                typer.echo(_line(row))


def _matches(
    row: ManifestRow, route: Route | None, status: Status | None, reason: Reason | None, document: str | None
) -> bool:
    return (
        (route is None or row.route == route)
        and (status is None or row.status is status)
        and (reason is None or row.reason is reason)
        and (document is None or (row.sha256 or "").startswith(document.lower()))
    )


def _line(row: ManifestRow) -> str:
    what = row.route if row.status is Status.OK else f"{row.status} {row.reason}"
    words = "" if row.words is None else f"{row.words} words"
    where = f"{row.generation}/{row.shard}" if row.shard else row.generation
    name = row.key or row.document or "-"
    return f"{name:<22}  {plain(what or '-'):<28}  {words:>12}  {where:<21}  {uri_tail(row.uri)}"
