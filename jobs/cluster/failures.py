"""Errors of Ray as one line: what went wrong in a task, without the tracebacks of other processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ray.exceptions import RayError, RayTaskError


@contextmanager
def plain_failures(what: str, advice: str = "") -> Iterator[None]:
    """RuntimeError in place of Ray's errors, naming `what` and the cause; `advice` follows what a task met."""
    try:
        yield
    except RayTaskError as error:
        raise RuntimeError(f"{what}: {error.cause or error}{advice}") from error
    except RayError as error:
        raise RuntimeError(f"{what}: {str(error).splitlines()[0]}") from error
