"""Files: same seed, same bytes, also in another process; a folder that holds something else is left alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.synth import VARIANTS, make, plan, write
from pipeline.synth.files import check_folder
from schemas.truth import TRUTH_SUFFIX, DocumentTruth

ROOT = Path(__file__).resolve().parents[3]
_DIGESTS = """
import hashlib
from pipeline.synth import make, plan
for spec in plan(10, 5):
    file = make(spec)
    print(file.name, hashlib.sha256(file.data + file.truth.to_json()).hexdigest())
"""


def test_another_process_makes_the_same_bytes() -> None:
    specs = plan(10, 5)
    assert {spec.variant for spec in specs} == set(VARIANTS)
    here = [(file.name, hashlib.sha256(file.data + file.truth.to_json()).hexdigest()) for file in map(make, specs)]
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert [tuple(line.split()) for line in done.stdout.splitlines()] == here


def test_documents_lie_beside_their_truth_and_may_be_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    paths = write(folder, 2, 3)
    assert [path.name for path in paths] == [spec.name for spec in plan(2, 3)]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        name for path in paths for name in (path.name, path.name + TRUTH_SUFFIX)
    )
    before = [path.read_bytes() for path in paths]
    for path, spec in zip(paths, plan(2, 3), strict=True):
        truth = DocumentTruth.from_json(path.with_name(path.name + TRUTH_SUFFIX).read_bytes())
        assert truth == make(spec).truth
    paths[1].unlink()
    (folder / f".{paths[1].name}.0123.tmp").write_bytes(b"half")
    assert [path.read_bytes() for path in write(folder, 2, 3)] == before


def test_a_folder_with_other_files_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.pdf").write_bytes(b"precious")
    with pytest.raises(ValueError, match=r"thesis\.pdf"):
        write(tmp_path, 2, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.pdf"]


def test_documents_of_a_longer_or_another_run_are_refused(tmp_path: Path) -> None:
    (path,) = write(tmp_path, 1, 3)
    check_folder(tmp_path, plan(9, 3))
    with pytest.raises(ValueError, match=path.name):
        check_folder(tmp_path, plan(0, 3))
    other = next(seed for seed in range(4, 500) if plan(1, seed)[0].name == path.name)
    with pytest.raises(ValueError, match=path.name):
        check_folder(tmp_path, plan(1, other))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="is a file"):
        write(tmp_path / "file", 1, 0)
