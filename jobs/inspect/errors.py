"""The verb `errors`: what is not in the shards, by reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from jobs.command import FAILED
from jobs.inspect.options import AsJson, DatasetUrl
from jobs.inspect.output import plain, print_json, uri_tail
from jobs.inspect.reading import manifest_rows
from pipeline.shards.dataset import Dataset
from schemas.manifest import ManifestRow, Status


@dataclass
class Group:
    """Rows of one status and reason: how many, and the first few."""

    status: str
    reason: str
    count: int = 0
    examples: list[ManifestRow] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        names = {"uri", "page", "detail", "sha256"}
        examples = [row.model_dump(mode="json", include=names) for row in self.examples]
        return {"status": self.status, "reason": self.reason, "count": self.count, "examples": examples}


def errors(
    dataset: DatasetUrl,
    examples: Annotated[int, typer.Option(help="Rows shown of each reason.")] = 5,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if any page was rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rejected and duplicate rows, grouped by reason, with examples."""
    if examples < 0:
        raise ValueError(f"--examples must not be negative, got {examples}")
    opened = Dataset(dataset)
    groups = group_rows(opened, examples)
    if as_json:
        print_json([group.to_dict() for group in groups])
    else:
        _print(groups, finished=bool(opened.info.generations))
    if strict and any(group.status == Status.REJECTED for group in groups):
        raise typer.Exit(FAILED)


def group_rows(dataset: Dataset, examples: int) -> list[Group]:
    """Groups of rows that are not ok, the largest first."""
    groups: dict[tuple[str, str], Group] = {}
    for row in manifest_rows(dataset):
        if row.status is Status.OK:
            continue
        name = (row.status.value, row.reason.value if row.reason else "-")
        group = groups.setdefault(name, Group(*name))
        group.count += 1
        if len(group.examples) < examples:
            group.examples.append(row)
    return sorted(groups.values(), key=lambda group: (-group.count, group.status, group.reason))


def _print(groups: list[Group], *, finished: bool) -> None:
    if not groups:
        typer.echo("every page is in a shard" if finished else "no generation is finished: nothing is known yet")
    for group in groups:
        typer.echo(f"{group.status} {group.reason}: {group.count}")
        for row in group.examples:
            page = "" if row.page is None else f", page {row.page + 1}"
            detail = f": {plain(row.detail)}" if row.detail else ""
            typer.echo(f"  {uri_tail(row.uri)}{page}{detail}")
        if group.count > len(group.examples):
            typer.echo(f"  ... and {group.count - len(group.examples)} more")
