"""A real Ray in this process, with folders of its own, of which nothing is left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.cluster.session import session

CPUS = 2


@pytest.fixture(scope="module")
def ray_here() -> Iterator[int]:
    """Ray for the tests of a module; its number of CPUs."""
    folder = tempfile.mkdtemp(prefix="rj", dir="/tmp")  # short: sockets have 107 bytes for their path
    before = set(psutil.Process().children(recursive=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.delenv("RAY_ADDRESS", raising=False)
        try:
            with session(None, CPUS) as cpus:
                yield cpus
            _, left = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=20)
            assert [process.pid for process in left] == []
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    assert "RAY_TMPDIR" not in os.environ or os.environ["RAY_TMPDIR"] != folder


@pytest.fixture
def copies(documents: Path, tmp_path: Path) -> Path:
    """A folder with the first six documents, to be added to."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for path in sorted(documents.iterdir())[:12]:  # each beside its truth
        shutil.copy2(path, folder)
    return folder
