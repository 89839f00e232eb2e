"""The parent's side: a child that is started when it is needed, asked, watched, recycled and replaced."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pipeline.limited.base import Budget, Closing, PageError
from pipeline.limited.pipes import Child, printable
from pipeline.limited.wire import Bytes, pack, unpack
from schemas.manifest import Reason

_STARTING = 300.0  # seconds until a child must have said that it is ready: a cold disk is slow
_DYING = 5.0  # seconds that a process may take to end after its last word
_TRIES = 3  # of a request whose child is ended from outside
_PATIENCE = 2.0  # times the wall clock, where a request is tried again alone
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
_FATAL = frozenset({Reason.TIMEOUT, Reason.KILLED})  # reasons that cost the child its life
# What an interpreter in an odd place cannot start without, and which of the node's GPUs is ours.
_KEPT_VARIABLES = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "PYTHONHOME")

Answer = TypeVar("Answer")
Parse = Callable[[dict[str, Any], Bytes], Answer]


class _OutsideError(Exception):
    """A signal ended the child that neither we nor a page sends: the machine is out of memory, or a person did it."""


class _ClockError(PageError):
    """The wall clock ran out, which the CPU's did not."""


class LimitedProcess(Closing):
    """A child that runs `module` (see `serve`), at most one at a time. `settings` go to it over the pipe.

    `incarnation` is the number of the child that lives, 0 where there is none: state that was built in one child is
    gone in the next. `late`: it limits itself when its service is built, and not before (see `serve`).
    """

    def __init__(self, module: str, budget: Budget, settings: Mapping[str, Any], *, late: bool = False) -> None:
        self._module = module
        self._budget = budget
        self._settings = settings
        self._late = late
        self._child: Child | None = None
        self._ready: dict[str, Any] = {}
        self._started = 0
        self._asked = 0
        self._patience = 1.0

    @property
    def incarnation(self) -> int:
        """Number of the living child, or 0."""
        return self._started if self._child is not None else 0

    @property
    def pid(self) -> int | None:
        """Process number of the living child."""
        return self._child.pid if self._child is not None else None

    def insist(self, job: Callable[[], Answer], own: int = 1) -> Answer:
        """The result of `job`, which may run several times: each time in a new child, of which it asks `own` things.

        * A child that something outside ends is replaced; after three in a row RuntimeError stops the run.
        * A job that is cut off by the clock is tried once more alone, as the machine may have been busy. So is one that
          takes down a child which did other work before, as that may have spoilt it. Then PageError is final.
        """
        if self._child is not None and (not self._child.alive or self._asked >= self._budget.recycle_after):
            self.close()
        alone = self._child is None or self._asked < own  # or with what it would ask of a new child anyway
        try:
            return self._through_kills(job)
        except PageError as error:
            if error.reason not in _FATAL or (alone and not isinstance(error, _ClockError)):
                raise
        self.close()
        self._patience = _PATIENCE
        try:
            return self._through_kills(job)
        finally:
            self._patience = 1.0

    def _through_kills(self, job: Callable[[], Answer]) -> Answer:
        for _ in range(_TRIES):
            try:
                return job()
            except _OutsideError as error:
                cause = error
        raise RuntimeError(
            f"{self._module}: {_TRIES} processes in a row were ended by {cause}. Most likely the machine is out of "
            "memory: use fewer workers, or give it more; the same command then goes on where it stopped"
        )

    def ask(self, request: dict[str, Any], body: Bytes | memoryview, parse: Parse[Answer], most: int) -> Answer:
        """What `parse` makes of the answer, whose body has at most `most` bytes. Call it in a job of `insist`.

        Raises PageError where the child refuses or fails, RuntimeError where it cannot start or has a fault of ours.
        """
        child = self._living()
        self._asked += 1
        seconds = self._budget.wall_seconds * self._patience
        deadline = time.monotonic() + seconds
        try:
            child.send(pack(request, len(body)), deadline)
            child.send(body, deadline)
            head, payload = unpack(lambda size: child.receive(size, deadline), most)
            if "reason" not in head:
                return parse(head, payload)
            refusal = PageError(Reason(head["reason"]), printable(str(head["detail"])))
        except TimeoutError:
            self.close()
            raise _ClockError(Reason.TIMEOUT, f"no answer in {seconds:g} s") from None
        except (EOFError, BrokenPipeError):
            raise self._death() from None
        except (KeyError, TypeError, ValueError) as error:
            # A document may have taken the child over: its word counts for nothing, and it ends.
            self.close()
            said = printable(f"{type(error).__name__}: {error}")
            raise PageError(Reason.KILLED, f"its process answered nonsense: {said}") from None
        if refusal.reason in _FATAL:
            self.close()  # a process that ran out of memory once is not used again
        raise refusal

    def ready(self) -> dict[str, Any]:
        """What the child said of itself when it was ready; starts one where there is none."""
        self._through_kills(self._living)
        return self._ready

    def _living(self) -> Child:
        if self._child is not None:
            return self._child
        path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path)  # noqa: PTH100 - of "" too
        child = Child([sys.executable, "-P", "-m", self._module], environment(path))
        first = {"budget": dataclasses.asdict(self._budget), "settings": dict(self._settings), "late": self._late}
        deadline = time.monotonic() + _STARTING
        try:
            child.send(pack(first), deadline)
            head, _ = unpack(lambda size: child.receive(size, deadline), 0)
            self._ready = dict(head["ready"])
        except (TimeoutError, EOFError, BrokenPipeError, KeyError, TypeError, ValueError) as error:
            raise self._stillborn(child, error) from None
        self._child, self._asked = child, 0
        self._started += 1
        return child

    def _stillborn(self, child: Child, error: Exception) -> Exception:
        code = None if isinstance(error, TimeoutError) else child.code(_DYING)
        said = child.last_words() or "it said nothing"
        child.end()
        if isinstance(error, TimeoutError):
            return RuntimeError(f"{self._module} was not ready after {_STARTING:g} s: {said}")
        if code is not None and -code in _FROM_OUTSIDE:
            return _OutsideError(_name(code))
        ended = "answered nonsense" if code is None else f"ended with {code if code >= 0 else _name(code)}"
        return RuntimeError(f"{self._module} could not start, it {ended}: {said}")

    def _death(self) -> Exception:
        assert self._child is not None
        code, said = self._child.code(_DYING), self._child.last_words()
        self.close()
        if code is None:
            return PageError(Reason.KILLED, "its process closed its pipes")
        if code == -signal.SIGXCPU:
            return PageError(Reason.TIMEOUT, f"more than {self._budget.cpu_seconds} s of CPU")
        if -code in _FROM_OUTSIDE:
            return _OutsideError(_name(code))
        if code < 0:
            return PageError(Reason.KILLED, f"its process died of {_name(code)}")
        # Not the document's fault: the child has a fault of ours.
        return RuntimeError(f"{self._module} ended with {code}: {said or 'it said nothing'}")

    def close(self) -> None:
        """End the child, whatever it does; the next request starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


def environment(path: str) -> dict[str, str]:
    """All that the child inherits: nothing secret that the parent was given is in there."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **one_thread, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}


def _name(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
