"""How commands end: 0 everything accounted for, 1 findings or a failed run, 2 wrong usage; errors are one line."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer

from jobs import stopping

OK, FAILED, USAGE = 0, 1, 2


def make_app() -> typer.Typer:
    """A typer application with the project's conventions."""
    return typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def run_command(function: Callable[..., Any]) -> NoReturn:
    """Run one command as a program: `python -m jobs.<name>`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    run_app(app)


def run_app(app: typer.Typer) -> NoReturn:
    """Run an application; a ValueError is the user's mistake (2), anything of the surroundings a failed run (1).

    Told to end by a signal, it ends with 128 and the signal's number, whatever that made of the run, unless it is done.
    """
    _have_streams()
    with stopping.noting():
        try:
            _run(app)
        except BaseException as end:
            number = stopping.told()
            if number is None or (isinstance(end, SystemExit) and end.code == OK):
                raise
            _say(f"stopped by {signal.Signals(number).name}")
            sys.exit(128 + number)


def _have_streams() -> None:
    """A program that was started without them (`2>&-`) says nothing, instead of failing at it."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def _run(app: typer.Typer) -> NoReturn:
    try:
        app()
    except ValueError as error:
        _say(error)
        sys.exit(USAGE)
    except (RuntimeError, OSError, ImportError) as error:  # ImportError: a file system that is not installed
        _say(error)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(OK)


def check_workers(workers: int | None) -> None:
    """ValueError unless `workers` is a number of workers, or None for all CPUs."""
    if workers is not None and workers < 1:
        raise ValueError(f"--workers must be at least 1, got {workers}")


def require_local(option: str, place: Path, kind: str = "folder") -> None:
    """ValueError for a URL where only a folder or file will do: as a path it would be one of that odd name, here."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(place)):
        raise ValueError(f"{option} must be a {kind}, not a URL, got {str(place)!r}")


def inside_job() -> bool:
    """Whether this is the driver of a job that was submitted to a Ray cluster."""
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ


def require_lasting(option: str, place: object) -> None:
    """ValueError for what would not last: memory, a file system inside of another one, and a relative path inside a
    submitted job, which goes away with the job's copy of the folder.
    """
    from pipeline.places import lies_in_another  # noqa: PLC0415 - fsspec takes longer to load than --help to print

    kind = re.split("::|://", str(place))[0]
    if "://" in str(place) and (kind == "memory" or lies_in_another(kind)):
        raise ValueError(f"{option} must be a folder or the URL of an object store, got {str(place)!r}")
    if inside_job() and "://" not in str(place) and not Path(str(place)).is_absolute():
        raise ValueError(f"{option} must be an absolute path or a URL in a submitted job, got {str(place)!r}")


def _say(error: BaseException | str) -> None:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"error: {text}", file=sys.stderr)
