"""What is compared where processes were killed."""

from __future__ import annotations

import hashlib
from pathlib import Path


def finished(folder: Path) -> dict[str, str]:
    """Hash of all files but those that a killed process was still writing under another name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (path.name.startswith(".") and path.suffix == ".tmp")
    }
