"""A limited process that does what it is told, in the real child."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipeline.limited import Budget, LimitedProcess

HERE = Path(__file__).parent


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LimitedProcess]]:
    """`limited(cpu_seconds=1, settings={...})`: a process that serves `service.py`; all of them end with the test."""
    folder = tmp_path / "modules"
    folder.mkdir()
    shutil.copy(HERE / "service.py", folder / "a_service_of_the_tests.py")
    monkeypatch.syspath_prepend(folder)
    with ExitStack() as stack:

        def make(settings: dict[str, Any] | None = None, *, late: bool = False, **budget: Any) -> LimitedProcess:
            least = {"address_space": 1 << 30, "cpu_seconds": 20, "wall_seconds": 20.0, "open_files": 32}
            whole = Budget(**{**least, "recycle_after": 1000, **budget})
            return stack.enter_context(LimitedProcess("a_service_of_the_tests", whole, settings or {}, late=late))

        yield make
