"""What bytes depend on beside inputs and configuration: recorded with each generation, never compared."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "pagemill",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "orjson",
    "pillow",
    "pyarrow",
    "pypdfium2",
    "rapidocr",
    "tokenizers",
)


def environment() -> dict[str, str]:
    """Versions of what makes the bytes, and the class of the processor."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "processor": _processor()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"  # a cluster runs the working directory, which is no package
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
