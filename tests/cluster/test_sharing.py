"""A folder that some node does not see stops a run at once, and is left as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.synth import Spec, make, save

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
THIRD = "127.0.0.4"
# A mount namespace of its own, in which another, empty file system lies over the folder.
HIDING = (
    *("unshare", "--mount", "sh", "-c"),
    'mount -t tmpfs tmpfs "$0" && mkdir "$0/partly" && touch "$0/partly/00.pdf" && exec "$@"',
)


def _snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every entry below a folder, hidden ones included, with the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def _run(cluster: Any, *command: object, **env: str) -> subprocess.CompletedProcess[str]:
    """A driver outside the cluster's nodes' folders, on this machine."""
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT, env=cluster.env() | {"PYTHONPATH": str(ROOT)} | env, capture_output=True, text=True, check=False,
        timeout=200,
    )  # fmt: skip


def _share(cluster: Any, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return _run(cluster, "tests/cluster/share.py", cluster.address, *arguments, **env)


def _seconds(done: subprocess.CompletedProcess[str]) -> float:
    return float(done.stdout.split()[-2])


@pytest.fixture(scope="module")
def hidden(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that the third node of the cluster does not share, with a document in it."""
    folder = tmp_path_factory.mktemp("hidden")
    tried = subprocess.run([*HIDING, str(folder), "true"], capture_output=True, text=True, check=False, timeout=30)
    if tried.returncode:
        pytest.skip(f"needs the right to mount in a namespace of its own: {tried.stderr.strip()}")
    for name in ("in", "partly"):
        (folder / name).mkdir()
        for number in range(20):
            (folder / name / f"{number:02d}.pdf").write_bytes(b"%PDF-1.7" + bytes(number))
    node = cluster.join("third", THIRD, *HIDING, str(folder))
    yield folder
    cluster.leave(node, "third", THIRD)


def test_nodes_that_share_say_so_and_nothing_is_left(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(b"%PDF")
    before = _snapshot(tmp_path / "in")
    done = _share(cluster, tmp_path / "new" / "set", tmp_path / "in", tmp_path / "in" / "a.pdf", tmp_path / "absent")
    assert (done.returncode, done.stdout.split()[0]) == (0, "shared"), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert _snapshot(tmp_path / "in") == before


def test_nodes_without_a_free_cpu_answer(cluster: Any, tmp_path: Path) -> None:
    done = _share(cluster, tmp_path / "set", BUSY="1")
    assert (done.returncode, done.stdout.split()[0]) == (0, "shared"), done.stderr
    assert _seconds(done) < 20


def test_an_output_that_one_node_does_not_see(cluster: Any, hidden: Path) -> None:
    before = _snapshot(hidden)
    for out in (hidden, hidden / "new" / "set"):
        done = _share(cluster, out, hidden.parent)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"error: node {THIRD} of the cluster does not see --out {out} as it is here")
        assert "a folder that all of them share" in done.stderr
        assert done.stderr.count("\n") == 1
        assert _seconds(done) < 20
        assert _snapshot(hidden) == before


@pytest.mark.parametrize(("named", "unseen"), [("in", "in"), ("in/07.pdf", "in/07.pdf"), ("partly", "partly/00.pdf")])
def test_an_input_that_one_node_does_not_see(
    cluster: Any, hidden: Path, tmp_path: Path, named: str, unseen: str
) -> None:
    done = _share(cluster, tmp_path / "set", hidden / named)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: node {THIRD} of the cluster does not see input {hidden / unseen} as it is")
    assert list(tmp_path.iterdir()) == []


def test_output_behind_a_url_is_everybodys(cluster: Any, hidden: Path) -> None:
    done = _share(cluster, "memory://somewhere/set", "memory://inputs", "s3://bucket/*.pdf")
    assert (done.returncode, done.stdout.split()[0]) == (0, "shared"), done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all nodes share, with a document and what was made of it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "in").mkdir()
    for index in range(4):
        save(folder / "in", make(Spec(index=index, seed=7, document_type="letter", variant="digital", pages=1)))
    env = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")} | {"OMP_NUM_THREADS": "1"}
    for command in (
        ("jobs.ingest", "in", "--out", "pages", "--pdf-text", "always"),
        ("jobs.tokenizer", "pages", "--out", "tokenizer.json", "--vocab-size", "300"),
        ("jobs.prepare", "pages", "--tokenizer", "tokenizer.json", "--out", "train"),
    ):
        subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, env=env | {"PYTHONPATH": str(ROOT)}, check=True, timeout=200
        )
    return folder


@pytest.mark.parametrize("job", ["ingest", "prepare", "pretrain"])
def test_jobs_stop_before_they_write(cluster: Any, hidden: Path, made: Path, job: str) -> None:
    arguments: dict[str, tuple[object, ...]] = {
        "ingest": (made / "in",),
        "prepare": (made / "pages", "--tokenizer", made / "tokenizer.json"),
        "pretrain": (made / "train", "--config", "tiny", "--steps", 1, "--global-batch", 1),
    }
    before = _snapshot(hidden)
    begun = time.monotonic()
    done = _run(cluster, "-m", f"jobs.{job}", *arguments[job], "--out", hidden / "new", "--address", cluster.address)
    assert done.returncode == 2, done.stderr
    assert f"node {THIRD} of the cluster does not see --out {hidden / 'new'}" in done.stderr
    assert time.monotonic() - begun < 60
    assert _snapshot(hidden) == before


def test_a_dataset_that_one_node_does_not_see(cluster: Any, hidden: Path, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "pages", hidden / "pages")
    try:
        tokenizer = ("--tokenizer", made / "tokenizer.json", "--out", tmp_path / "new", "--address", cluster.address)
        done = _run(cluster, "-m", "jobs.prepare", hidden / "pages", *tokenizer)
    finally:
        shutil.rmtree(hidden / "pages")
    assert done.returncode == 2, done.stderr
    assert f"node {THIRD} of the cluster does not see input {hidden / 'pages' / 'dataset.json'}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_does_not_answer(cluster: Any, hidden: Path, tmp_path: Path) -> None:
    """As a machine that hangs: stopped, and not yet given up by the others. Last, as they will."""
    wrapper = psutil.Process(cluster.nodes[-1].pid)
    stopped = [wrapper, *wrapper.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        done = _share(cluster, tmp_path / "set", PATIENCE="8")
    finally:
        for process in stopped:
            process.resume()
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: no answer from node ")
    assert THIRD in done.stderr
    assert "of the cluster within 8 s" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
