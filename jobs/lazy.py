"""Groups of commands whose modules are loaded when they are run: `--help` and `ls` need no torch, Ray or OCR models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Lazy:
    """A command by where it is: `attribute` of `module` is its function, or a typer application of more commands."""

    module: str
    attribute: str
    help: str  # first line of its help; tests hold it against the command itself

    def load(self, name: str) -> Any:
        """The command, its module loaded."""
        found = getattr(import_module(self.module), self.attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        one.command(name)(found)
        return typer.main.get_command(one)


def lazy_app(commands: Mapping[str, Lazy]) -> typer.Typer:
    """A typer application of `commands`, listed in their order."""

    class Group(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """What the list of commands shows; running one goes through `resolve_command`."""
            return TyperCommand(cmd_name, help=commands[cmd_name].help) if cmd_name in commands else None

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, commands[name].load(name) if name is not None and name in commands else command, rest

    return typer.Typer(cls=Group, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
