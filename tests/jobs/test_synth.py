"""`python -m jobs.synth`: what it prints, what it refuses, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.synth import plan
from schemas.truth import TRUTH_SUFFIX, DocumentTruth

ROOT = Path(__file__).resolve().parents[2]


def synth(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jobs.synth", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_it_says_what_it_made_and_where(tmp_path: Path) -> None:
    out = tmp_path / "documents"
    done = synth("--out", str(out), "--count", "4", "--seed", "9")
    assert done.returncode == 0, done.stderr
    names = [spec.name for spec in plan(4, 9)]
    assert sorted(path.name for path in out.iterdir() if not path.name.endswith(TRUTH_SUFFIX)) == names
    truths = [DocumentTruth.from_json((out / f"{name}{TRUTH_SUFFIX}").read_bytes()) for name in names]
    assert f"4 documents, {sum(len(truth.pages) for truth in truths)} pages in {out}" in done.stdout
    assert all(truth.document_type in done.stdout for truth in truths)
    assert synth("--out", str(out), "--count", "4", "--seed", "9").returncode == 0
    other = synth("--out", str(out), "--count", "2", "--seed", "9")
    assert (other.returncode, other.stdout) == (2, "")
    assert names[2] in other.stderr


def test_a_folder_with_other_files_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "letter.doc").write_text("mine")
    done = synth("--out", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "letter.doc" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.doc"]


def test_wrong_numbers_are_exit_2(tmp_path: Path) -> None:
    for arguments in (["--count", "0"], ["--seed", "-1"]):
        done = synth("--out", str(tmp_path / "new"), *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert not (tmp_path / "new").exists()
