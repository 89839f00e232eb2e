"""Whether a dataset is whole: every file that a marker or a plan names, byte for byte, and the sums above them.

What the files hold is not looked at: that is lint's, which takes many times as long.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from jobs.inspect.lint.check import check_info
from jobs.inspect.lint.findings import DAMAGE, Finding, Findings
from jobs.inspect.lint.plan import read_plan
from jobs.inspect.lint.scope import Scope, list_files
from jobs.inspect.lint.units import check_sums, read_markers
from pipeline.prepare.unit import TOKENIZER_FILE, read_tokenizer
from pipeline.shards.files import Store
from pipeline.shards.generation import unfinished
from schemas.dataset import DATASET_FILE, DatasetInfo, FileRef, Generation

_CHUNK = 8 << 20  # bytes of one read
_READERS = 8  # files that are read at once


@dataclass(frozen=True)
class Report:
    """What was read of one generation."""

    name: str
    units: int
    files: int
    bytes: int
    seconds: float
    findings: list[Finding]


class Check:
    """One pass over a dataset: `for report in check.generations(on_bytes): ...`, then `check.found()`."""

    def __init__(self, url: str) -> None:
        self._store = Store(url)
        if not self._store.exists(DATASET_FILE):
            raise ValueError(f"no dataset at {url}: it has no {DATASET_FILE}")
        self._findings = Findings()
        self._scope: Scope | None = None
        with self._findings.guard("dataset-file", DATASET_FILE):
            info = DatasetInfo.from_json(self._store.read(DATASET_FILE))
            self._scope = Scope(self._store, info, list_files(self._store), self._findings, lambda: None)

    @property
    def bytes(self) -> int:
        """Size of all files that lie there: about as much will be read."""
        return sum(self._scope.files.values()) if self._scope is not None else 0

    def generations(self, on_bytes: Callable[[int], None] = lambda count: None) -> Iterator[Report]:
        """Check all; `on_bytes` is told of bytes as they are read, from several threads."""
        if self._scope is None:
            return
        check_info(self._scope.info, self._findings)
        if self._scope.info.content == "train":
            with self._findings.guard("dataset-tokenizer", TOKENIZER_FILE):
                read_tokenizer(self._store, str(self._scope.info.config.get("tokenizer")))
        for generation in self._scope.info.generations:
            yield _check_generation(self._scope, generation, on_bytes)

    def unfinished(self) -> str | None:
        """What to say of a generation that was begun and is no part of the dataset yet."""
        return unfinished(self._store, self._scope.info) if self._scope is not None else None

    def found(self) -> list[Finding]:
        """All findings so far, sorted."""
        return sorted(set(self._findings.found))


def _check_generation(scope: Scope, generation: Generation, on_bytes: Callable[[int], None]) -> Report:
    begun, before = time.monotonic(), len(scope.findings.found)
    markers = read_markers(scope, generation.name)
    plan = read_plan(scope, generation)
    check_sums(scope, generation, markers, plan)
    refs = [*(plan.files if plan is not None else []), *(ref for marker in markers for ref in marker.files)]
    there = [ref for ref in refs if scope.present(f"{generation.name}/{ref.name}", ref.size)]
    for finding in _differing(scope.store, generation.name, there, on_bytes):
        scope.findings.add(finding.code, finding.where, finding.what)
    return Report(
        name=generation.name,
        units=len(markers),
        files=len(refs),
        bytes=sum(ref.size for ref in there),
        seconds=time.monotonic() - begun,
        findings=sorted(set(scope.findings.found[before:])),
    )


def _differing(
    store: Store, generation: str, refs: Iterable[FileRef], on_bytes: Callable[[int], None]
) -> Iterator[Finding]:
    """A finding for each file that has other bytes than recorded; a few are read at once, no file is held whole."""
    flying: deque[Future[Finding | None]] = deque()
    with ThreadPoolExecutor(_READERS) as pool:
        for ref in refs:
            flying.append(pool.submit(_check_file, store, f"{generation}/{ref.name}", ref, on_bytes))
            if len(flying) >= 4 * _READERS and (finding := flying.popleft().result()) is not None:
                yield finding
        while flying:
            if (finding := flying.popleft().result()) is not None:
                yield finding


def _check_file(store: Store, name: str, ref: FileRef, on_bytes: Callable[[int], None]) -> Finding | None:
    digest = hashlib.sha256()
    try:
        for offset in range(0, ref.size, _CHUNK):
            data = store.read_range(name, offset, min(_CHUNK, ref.size - offset))
            digest.update(data)
            on_bytes(len(data))
    except DAMAGE as error:
        return Finding(name, "file-missing", f"cannot be read: {error}")
    if digest.hexdigest() != ref.sha256:
        return Finding(name, "file-sha256", "its bytes are others")
    return None
