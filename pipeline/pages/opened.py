"""One small interface over the formats: a number of pages, and each page as a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pipeline.pages.base import RawPage


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
