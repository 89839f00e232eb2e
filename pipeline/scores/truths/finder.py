"""The truth of the pages of a dataset: in their records, in folders that a person names, or beside the documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.limited import Closing
from pipeline.places import UnknownPlaceError, is_chain
from pipeline.scores.truths import synth
from pipeline.scores.truths.base import Size, Truth
from pipeline.scores.truths.find import Place, places
from pipeline.scores.truths.pixels import HEAD_BYTES
from pipeline.scores.truths.process import TruthProcess
from pipeline.scores.truths.upright import turned
from pipeline.sources import read_head, read_if_there
from pipeline.sources.listed import TAR_SCHEME
from pipeline.upright.pose import Pose
from schemas.base import MAX_JSON_BYTES
from schemas.page import Page

_REMEMBERED = 1000  # files that could not be used


class TruthFinder(Closing):
    """Finds truth, page by page, and remembers what it could not use.

    `bad` says of each file with truth that cannot be read, and of each folder that cannot be reached, what is wrong;
    `unknown` are files at places where truth lies that are of no known format, such as SROIE's entities. Each holds the
    first thousand.
    """

    def __init__(self, folders: Sequence[str] = ()) -> None:
        self._folders = list(folders)
        self._process = TruthProcess()
        self._size: tuple[str, Size | None] = ("", None)
        self._unreachable: set[str] = set()
        self.bad: dict[str, str] = {}
        self.unknown: set[str] = set()

    def of(self, page: Page, *, ordered: bool = False) -> Truth | None:
        """Truth of a page, upright as its record is, or None. `ordered`: only one that knows the reading order."""
        return next((truth for truth in self._all(page) if truth.has_order or not ordered), None)

    def _all(self, page: Page) -> Iterator[Truth]:
        every = places(page.document.uri, page.page, self._folders)
        named = [place for place in every if self._is_named(place)]
        yield from self._of_places(page, named)
        if page.truth is not None:
            yield synth.of_page(page.truth)  # which was turned with its page
        yield from self._of_places(page, [place for place in every if place not in named])

    def _is_named(self, place: Place) -> bool:
        return any(place.uri.startswith(f"{folder.rstrip('/')}/") for folder in self._folders)

    def _of_places(self, page: Page, wanted: Sequence[Place]) -> Iterator[Truth]:
        orientation, (width, height) = page.orientation, page.size
        pose = Pose(orientation.turned, orientation.skew)
        for place in wanted:
            data = self._read(place)
            if data is None:
                continue
            try:
                truth = self._process.read(data, place.page, self._size_of(page), place.uri)
            except ValueError as error:
                self._note(place.uri, str(error).removeprefix(f"{place.uri}: "))
                continue
            if truth is not None:
                yield turned(truth, pose, width / height)
            elif len(self.unknown) < _REMEMBERED:
                self.unknown.add(place.uri)

    def _read(self, place: Place) -> bytes | None:
        folder = place.uri.rpartition("/")[0]
        if folder in self._unreachable:
            return None
        try:
            return read_if_there(place.uri, MAX_JSON_BYTES)
        except (OSError, UnknownPlaceError) as error:
            if self._is_named(place):
                raise
            self._unreachable.add(folder)  # a store that is out of reach is not asked for every page
            self._note(folder, str(error))
        except ValueError as error:
            self._note(place.uri, str(error))
        return None

    def _note(self, place: str, what: str) -> None:
        if len(self.bad) < _REMEMBERED:
            self.bad[place] = " ".join(what.split())

    def _size_of(self, page: Page) -> Size | None:
        """Pixels of the document's picture as it is shown; None where it is no picture that can be looked at."""
        uri = page.document.uri
        if self._size[0] != uri:
            head = self._head(uri)
            self._size = (uri, self._process.size(head) if head else None)
        size = self._size[1]
        return (size[1], size[0]) if size and page.orientation.declared in (90, 270) else size

    def _head(self, uri: str) -> bytes | None:
        if uri.startswith(TAR_SCHEME) or is_chain(uri) or uri.rpartition("/")[0] in self._unreachable:
            return None
        try:
            return read_head(uri, HEAD_BYTES)
        except OSError as error:  # of the store or the network
            self._unreachable.add(uri.rpartition("/")[0])
            self._note(uri, str(error))
            return None

    def close(self) -> None:
        """End the child."""
        self._process.close()
