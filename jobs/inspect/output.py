"""What verbs print: text from documents is shown, never obeyed by the terminal."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import typer
from rich.console import Console

from pipeline.sources.listed import TAR_SCHEME

_PATHS = (TAR_SCHEME, "zip://", "file://")
_USER = re.compile(r"(?<=://)(?<!tar://)(?<!zip://)(?<!file://)[^/?#]*@")  # a password may have "::" in it


def plain(text: str, limit: int | None = None) -> str:
    """`text` with control, bidirectional and other unprintable characters escaped, at most `limit` characters."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
    return shown if limit is None or len(shown) <= limit else shown[: limit - 3] + "..."


def uri_tail(uri: str) -> str:
    """The last two parts of a URI's path, and those of the archive that it is a member of, without what may hold a
    secret.
    """
    paths = [part.partition("://")[2] or part for part in shareable(uri).split("::")]
    return "::".join("/".join(path.rstrip("/").rsplit("/", 2)[-2:]) for path in paths)


def shareable(uri: str) -> str:
    """A URI without user, password, query and fragment: signed URLs carry their key there.

    In `tar://member::https://...` each part is a URI of its own. What names a member or a local file is a path, in
    which "?" and "#" are letters.
    """
    links: list[str] = []
    for link in _USER.sub("", uri).split("::"):
        remote = "://" in link and not link.startswith(_PATHS)
        path, *secret = re.split("[?#]", link, maxsplit=1) if remote else [link]
        links.append(path)
        if secret:
            break  # what follows is of the query
    return plain("::".join(links))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document in ASCII, which every terminal and pipe takes."""
    typer.echo(json.dumps(value, indent=indent))


def print_note(text: str | None) -> None:
    """A line beside the results, where there is one."""
    if text is not None:
        print(f"note: {plain(text)}", file=sys.stderr)


def console(width: int | None = None) -> Console:
    """A console that reads no markup out of text and colours nothing by guess; `width` characters wide, where given."""
    return Console(markup=False, highlight=False, emoji=False, width=width)


def number(value: float) -> str:
    """A number for people: thousands apart, few decimals."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"
