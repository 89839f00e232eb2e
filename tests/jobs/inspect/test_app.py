"""The verbs under one name."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from jobs.inspect.app import VERBS


def test_help_lists_every_verb(inspect_cli: Any) -> None:
    code, out, _ = inspect_cli("--help")
    assert code == 0
    listed = [line.split()[1] for line in out.splitlines() if len(line.split()) > 1]
    assert [word for word in listed if word in VERBS] == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_the_list_is_that_of_the_verb(inspect_cli: Any, verb: str) -> None:
    docstring = getattr(import_module(VERBS[verb].module), VERBS[verb].attribute).__doc__
    assert " ".join(docstring.split("\n\n")[0].split()) == VERBS[verb].help
    code, out, _ = inspect_cli(verb, "--help")
    assert code == 0
    assert "dataset" in out.lower()


def test_an_unknown_verb(inspect_cli: Any, clean_pages: Path) -> None:
    assert inspect_cli("open", clean_pages)[0] == 2


@pytest.mark.parametrize("verb", ["ls", "stats", "errors", "lint"])
def test_most_verbs_load_neither_torch_nor_ray(clean_pages: Path, verb: str) -> None:
    code = (
        "import sys, jobs.inspect.app as a\n"
        f"sys.argv = ['inspect', {verb!r}, {str(clean_pages)!r}]\n"
        "try: a.app()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'torch', 'ray', 'rapidocr'} & set(sys.modules), 'loaded'\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
