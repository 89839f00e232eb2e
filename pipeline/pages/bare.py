"""Functions of pdfium without what its Python binding adds to each call: a third of a microsecond instead of one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

POINTER, INT = ctypes.c_void_p, ctypes.c_int


def bare(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """`function` of the binding's `raw` with plain addresses and numbers as arguments.

    It holds the interpreter's lock while it runs: in the child that calls it nothing else does.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None, "a function without an address"
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


def handle(item: Any) -> int:
    """The address behind a handle of the binding."""
    address = ctypes.cast(item, ctypes.c_void_p).value
    assert address is not None, "a handle of nothing"
    return address
