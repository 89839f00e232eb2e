"""What the child takes from itself, for good: memory, files, and system calls that reading a page never needs."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

from pipeline.limited.base import Budget
from pipeline.limited.calls import forbid_calls


def confine(budget: Budget) -> None:
    """Limit this process. The CPU's limit is another for each request: see `serve`."""
    _die_before_the_parent()
    for what, most in (
        (resource.RLIMIT_AS, budget.address_space),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, budget.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    forbid_calls()


def _die_before_the_parent() -> None:
    """Where the machine runs out of memory the kernel is to end the child, which can be had again, and no worker."""
    with contextlib.suppress(OSError):  # another system chooses as it likes
        Path("/proc/self/oom_score_adj").write_text("1000")
