"""Fail if a test was skipped for a reason that is not on the list: `skips.py LIST RESULT.xml ...`."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(allowed_file: str, *results: str) -> int:
    """Number of skips that nobody allowed, as an exit code of 0 or 1."""
    lines = Path(allowed_file).read_text().splitlines()
    allowed = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    bad = 0
    for result in results:
        for case in ElementTree.parse(result).iter("testcase"):  # noqa: S314 - pytest's own file
            for skip in case.iter("skipped"):
                reason = skip.get("message", "")
                if not (allowed and reason.startswith(allowed)):
                    print(f"skipped without leave: {case.get('classname')}::{case.get('name')}: {reason}")
                    bad += 1
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
