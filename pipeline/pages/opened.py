"""One small interface over the formats: a number of pages, and each page as a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.pages.base import PageError, RawPage
from schemas.manifest import Reason


class Opened(ABC):
    """A document that is open in the child."""

    @property
    @abstractmethod
    def pages(self) -> int:
        """How many pages it has; at least one."""

    @abstractmethod
    def page(self, index: int, longest: int, *, chars: bool) -> RawPage:
        """Page `index` upright with its longest side at most `longest` pixels, with its characters if asked.

        Raises PageError where it cannot be had.
        """


@contextmanager
def damage_is(reason: Reason, by: str = "") -> Iterator[None]:
    """Whatever a parser trips over in a damaged file becomes a PageError: KeyError and TypeError are met, too.

    `by` names the parser, where another one might read the file.
    """
    try:
        yield
    except (PageError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - parsers promise no kind of error
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PageError(reason, f"{by}: {said}" if by else said) from None
