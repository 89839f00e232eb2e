"""The pages of a dataset, each with its truth, and an account of those without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from jobs.inspect.output import plain, shareable
from jobs.inspect.reading import places, samples_at
from jobs.progress import JobProgress
from pipeline.places import file_system
from pipeline.scores.truths import Truth
from pipeline.scores.truths.find import described
from pipeline.scores.truths.finder import TruthFinder
from pipeline.shards.dataset import Dataset
from schemas.page import Page

PagesUrl = Annotated[
    str, typer.Argument(metavar="PAGES", help="A dataset of pages: a folder or an fsspec URL.", show_default=False)
]
TruthFolders = Annotated[
    list[str] | None,
    typer.Option("--truth", help="Look for truth in this folder, too, by the documents' names; may be given again."),
]
_NAMED = 20  # pages and files that are named one by one


@dataclass
class Account:
    """What became of the pages."""

    dataset: str
    pages: int = 0
    scored: int = 0
    without: list[str] = field(default_factory=list)  # keys of the first of them
    bad: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        bad = [{"file": shareable(file), "what": what} for file, what in sorted(self.bad.items())]
        return {
            "dataset": self.dataset,
            "pages": self.pages,
            "scored": self.scored,
            "without_truth": {"pages": self.pages - self.scored, "keys": self.without},
            "bad_truth": bad,
            "unknown_files": sorted(map(shareable, self.unknown)),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.scored} of {self.pages} pages scored"
        missing = self.pages - self.scored
        if missing:
            yield f"{missing} without truth: {', '.join(self.without)}{' ...' if missing > len(self.without) else ''}"
        for file, what in sorted(self.bad.items())[:_NAMED]:
            yield f"bad truth: {shareable(file)}: {plain(what, 200)}"
        if len(self.bad) > _NAMED:
            yield f"bad truth: {len(self.bad) - _NAMED} more files"
        if self.unknown:
            yield f"{len(self.unknown)} files of no known format, such as {shareable(min(self.unknown))}"


def truths(
    dataset: str, folders: Sequence[str] | None, account: Account, *, ordered: bool = False
) -> Iterator[tuple[Page, Truth]]:
    """Each page for which truth is found, with it; `account` is filled on the way.

    `ordered`: truth that knows the reading order. ValueError where no page has any, and where a folder is none.
    """
    opened = Dataset(dataset).require("pages")
    found = places(opened)
    named = [_checked(folder) for folder in folders or []]
    account.pages = len(found)
    first = ""
    with TruthFinder(named) as finder, JobProgress("evaluate", "pages", len(found)) as progress:
        for done, sample in enumerate(samples_at(opened, found, ["json"])):
            page = Page.from_json(sample.members["json"])
            first = first or page.document.uri
            truth = finder.of(page, ordered=ordered)
            account.bad, account.unknown = finder.bad, finder.unknown
            if truth is not None:
                account.scored += 1
                yield page, truth
            elif len(account.without) < _NAMED:
                account.without.append(page.key)
            progress.update(done + 1)
    if not account.scored:
        raise ValueError(_nowhere(account, first, named, ordered=ordered))


def _checked(folder: str) -> str:
    fs, path, _ = file_system(folder)
    if not fs.isdir(path):
        raise ValueError(f"--truth: no such folder: {folder!r}")
    return folder.rstrip("/") or folder


def _nowhere(account: Account, first: str, folders: Sequence[str], *, ordered: bool) -> str:
    what = "truth that knows the reading order" if ordered else "truth"
    if not account.pages:
        return f"{account.dataset} has no pages"
    text = f"no {what} for any of {account.pages} pages: {described(shareable(first), folders)}, and so for the others"
    for file, why in sorted(account.bad.items())[:1]:
        text += f"; {len(account.bad)} files cannot be read, such as {shareable(file)}: {plain(why, 100)}"
    return text
