"""Freed memory is kept: a bitmap's worth of it, asked for again and again, does not fault in again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import resource
from pipeline.limited import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for turn in range(12):  # the library learns the size of the first blocks by itself
    if turn == 2:
        before = faults()
    blocks = [bytearray(3_000_000) for _ in range(4)]
    del blocks
print(faults() - before)
"""


def _faults(*, keep: bool) -> int:
    command = [sys.executable, "-c", _PROGRAM.format(keep=keep)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_blocks_are_used_again_without_page_faults() -> None:
    assert _faults(keep=False) > 10_000  # else the test shows nothing
    assert _faults(keep=True) < 1_000
