"""pagemill: every command under one name, in the order of the data.

A command's module is loaded when the command is run: `pagemill --help` and `pagemill inspect ls` need neither torch
nor Ray nor OCR models.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from jobs.command import run_app

# Name -> first line of its help; a test holds them against the commands themselves.
COMMANDS = {
    "synth": "Make documents with known words, boxes, reading order and form entities.",
    "ingest": "Turn documents into page shards: words, boxes, reading order and pictures.",
    "tokenizer": "Make the tokenizer: WordPiece with BERT's uncased normalisation.",
    "prepare": "Turn page shards into training shards: tokens, line covers (TIA), partners (TIM) and pictures.",
    "pretrain": "Pre-train LayoutLMv2. The same command again goes on from the newest checkpoint.",
    "export": "Write the newest checkpoint that verifies, its configuration and its tokenizer.",
    "inspect": "Look into a dataset, on this machine or behind a URL, without unpacking it.",
    "demo": "Documents to a LayoutLMv2 that learns: every command in its turn, on a Ray in this process.",
}


def load(name: str) -> Any:
    """The command called `name`, its module loaded."""
    if name == "inspect":
        return typer.main.get_command(import_module("jobs.inspect.app").app)
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    one.command(name)(getattr(import_module(f"jobs.{name}"), name))
    return typer.main.get_command(one)


class _Lazy(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What the list of commands shows; running one goes through `resolve_command`."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest


app = typer.Typer(cls=_Lazy, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def pagemill() -> None:
    """From raw scans and PDFs to a LayoutLMv2 that learns."""


def main() -> NoReturn:
    """Entry point of the `pagemill` program."""
    run_app(app)


if __name__ == "__main__":
    main()
