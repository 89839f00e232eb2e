"""`pagemill` and `python -m jobs.<name>`: the same commands, each with its help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from jobs.cli import COMMANDS
from jobs.evaluate.app import VERBS as EVALUATE
from jobs.inspect.app import VERBS

Pagemill = Callable[..., tuple[int, str, str]]
ALL = [
    *((name,) for name in COMMANDS),
    *(("inspect", verb) for verb in VERBS),
    *(("evaluate", verb) for verb in EVALUATE),
]


def test_every_listed_command_is_a_program_and_every_program_is_listed() -> None:
    assert all(find_spec(f"jobs.{name}") for name in COMMANDS)
    folder = Path(find_spec("jobs").submodule_search_locations[0])  # type: ignore[union-attr, index]
    programs = {path.stem for path in folder.glob("*.py") if "run_command(" in path.read_text()}
    packages = {path.parent.name for path in folder.glob("*/__main__.py")}
    assert (programs | packages) - {"command"} == set(COMMANDS)


def test_help_lists_the_commands_and_nothing_else() -> None:
    """As a program, and quickly: what it lists is not loaded."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pagemill")), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    listed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("\u2502 ") and line[2] != " "]
    assert [name for name in listed if not name.startswith("-")] == list(COMMANDS)


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_help_works(command: tuple[str, ...], pagemill: Pagemill) -> None:
    code, out, err = pagemill(*command, "--help")
    assert (code, err) == (0, "")
    assert f"pagemill {' '.join(command)} [OPTIONS]" in " ".join(out.split())


def test_no_arguments_are_help(pagemill: Pagemill) -> None:
    for arguments in ((), ("inspect",)):
        code, out, err = pagemill(*arguments)
        assert code == 2
        assert "Usage:" in out + err
