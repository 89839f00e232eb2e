"""Promises about the tree itself."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import distributions, version
from pathlib import Path

import cv2
import pytest

import jobs
import model
import pipeline
import schemas
from jobs.cli import COMMANDS
from jobs.dataset.app import VERBS as DATASET
from jobs.evaluate.app import VERBS as EVALUATE
from jobs.inspect.app import VERBS as INSPECT

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {"dataset": DATASET, "evaluate": EVALUATE, "inspect": INSPECT}
PACKAGES = ("schemas", "pipeline", "model", "jobs")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_packages_are_those_of_this_checkout() -> None:
    for package in (schemas, pipeline, model, jobs):
        assert package.__file__ is not None
        assert Path(package.__file__).is_relative_to(ROOT)


def test_all_opencv_distributions_are_one_version_and_the_headless_one_is_what_imports() -> None:
    found = {d.metadata["Name"].lower(): d.version for d in distributions() if "opencv" in d.metadata["Name"].lower()}
    assert "opencv-python-headless" in found
    assert len(set(found.values())) == 1, found
    assert found["opencv-python-headless"].startswith(cv2.__version__)
    gui = re.search(r"GUI:\s+(\S+)", cv2.getBuildInformation())
    assert gui is not None
    assert gui.group(1) == "NONE"


def test_paddleocr_and_rapidocr_import_side_by_side_with_one_opencv(tmp_path: Path) -> None:
    code = (
        "import cv2, rapidocr, paddleocr, sys; from pathlib import Path\n"
        "folders = [p for p in sys.path if (Path(p) / 'cv2').is_dir()]\n"
        "assert len(folders) == 1, folders\n"
        "print(cv2.__version__, Path(cv2.__file__).parent == Path(folders[0]) / 'cv2')"
    )
    quiet = {"PADDLE_PDX_CACHE_HOME": str(tmp_path), "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | quiet, capture_output=True, text=True, check=True, timeout=200
    )
    assert said.stdout.split()[-2:] == [cv2.__version__, "True"]


def test_the_lock_holds_what_is_installed() -> None:
    pins = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
    for name in ("ray", "torch", "numpy", "pillow", "pypdfium2", "rapidocr", "onnxruntime", "tokenizers", "pyarrow"):
        assert version(name).split("+")[0] == pins[name], name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} has more than 60 lines"


def test_nothing_read_can_run_code() -> None:
    dangerous = re.compile(
        r"\bpickle\.load|(?<![.\w])eval\(|(?<![.\w])exec\(|weights_only=False|shell=True|allow_pickle=True|os\.system|yaml\.load\("
    )
    found = [f"{p.relative_to(ROOT)}: {m.group()}" for p in SOURCES for m in dangerous.finditer(p.read_text())]
    assert found == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say(name: str) -> None:
    command = COMMANDS[name].load(name)
    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name].help


@pytest.mark.parametrize("group", GROUPS)
def test_the_lists_of_verbs_say_what_the_verbs_say(group: str) -> None:
    for name, verb in GROUPS[group].items():
        assert " ".join(verb.load(name).help.split("\n\n")[0].split()) == verb.help


def test_commands_and_options_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text()
    lines = re.findall(rf"(?:pagemill|python -m jobs\.)[ ]?((?:(?:{'|'.join(GROUPS)}) )?[a-z]+) ([^\n`]*)", text)
    assert len(lines) >= 10
    for name, rest in lines:
        group, _, verb = name.rpartition(" ")
        command = GROUPS[group][verb].load(verb) if group else COMMANDS[name].load(name)
        known = {option for parameter in command.params for option in parameter.opts}
        used = set(re.findall(r"(?<!\S)--[a-z-]+", rest.split("#")[0]))
        assert used <= known, f"{name}: {used - known}"
