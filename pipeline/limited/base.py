"""What parent and child agree on: what may be used, and how a failure is said."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from schemas.manifest import Reason


class PageError(Exception):
    """A document or page that cannot be had; `reason` is of the closed set, `detail` one short line."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail[:300]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one child may use. Memory, CPU and files are enforced by the kernel, the clock by the parent."""

    address_space: int  # bytes
    cpu_seconds: int  # for one request
    wall_seconds: float  # for one request; twice that where it is tried again alone
    open_files: int
    recycle_after: int  # requests; then a new child takes over, so that no leak can grow


class Closing(ABC):
    """What owns a child process: as a context it closes itself."""

    @abstractmethod
    def close(self) -> None:
        """End the child, whatever it does; another request starts a new one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
