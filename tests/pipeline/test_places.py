"""Places: stores that stumble are asked again, and what they answer is told apart from what a file is."""

from __future__ import annotations

import errno
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pipeline import places
from pipeline.places import UnknownPlaceError, file_system, is_of_surroundings, is_transient, patiently
from pipeline.sources import Listed, SourceError, list_inputs, read_source

BODY = b"%PDF-" * 60_000
REQUEST = aiohttp.RequestInfo(URL("https://host/x"), "GET", CIMultiDictProxy(CIMultiDict()), URL("https://host/x"))


class Stumbling(BaseHTTPRequestHandler):
    """Answers each path's first requests as its first part says, as in /503x2/a.pdf; ranges where asked for."""

    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        kind, _, times = self.path.split("/")[1].partition("x")
        self.asked[self.path] += 1
        if self.asked[self.path] <= int(times):
            if kind == "drop":
                self.close_connection = True
                return
            self.send_error(int(kind))
            return
        start, end = 0, len(BODY)
        if "Range" in self.headers and "whole" not in self.path:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1, len(BODY))
        self.send_response(206 if (start, end) != (0, len(BODY)) else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(BODY[start:end])

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(places, "PAUSES", (0.01, 0.02, 0.03, 0.04))
    with ThreadingHTTPServer(("127.0.0.1", 0), Stumbling) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("way", ["503x3", "500x2", "429x1", "dropx2"])
def test_a_store_that_stumbles_is_asked_again(server: str, way: str) -> None:
    url = f"{server}/{way}/a.pdf"
    assert read_source(Listed(url)).data == BODY
    assert [listed.uri for listed in list_inputs([url])] == [url]


@pytest.mark.parametrize("way", ["503x999", "dropx999"])
def test_a_store_that_stays_down_stops_the_run_and_rejects_nothing(server: str, way: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        read_source(Listed(f"{server}/{way}/a.pdf"))
    assert caught.value.filename == f"{server}/{way}/a.pdf"
    assert not isinstance(caught.value, SourceError)


@pytest.mark.parametrize("status", [404, 403, 410])
def test_what_a_server_does_not_give_is_unreadable(server: str, status: int) -> None:
    with pytest.raises(SourceError, match="unreadable"):
        read_source(Listed(f"{server}/{status}x999/a.pdf"))


def test_a_server_that_knows_no_ranges_is_understood(server: str) -> None:
    url = f"{server}/200x0/whole.pdf"
    assert read_source(Listed(f"tar://a.pdf::{url}", offset=200_000, size=100)).data == BODY[200_000:200_100]


def test_nobody_listening_is_the_networks_fault(server: str) -> None:
    with pytest.raises(OSError, match=r"."):
        read_source(Listed("http://127.0.0.1:9/a.pdf"))


class Answer(Exception):
    """What botocore raises."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(code)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}, "Error": {"Code": code}}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (OSError(errno.EBUSY, "Please reduce your request rate"), True),
        (OSError(errno.EREMOTEIO, "InternalError"), True),
        (Answer(503), True),
        (Answer(429), True),
        (Answer(403), False),
        (FileNotFoundError("x"), False),
        (PermissionError("x"), False),
        (ValueError("x"), False),
        (MemoryError(), False),
    ],
)
def test_what_may_pass_is_told_from_what_does_not(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected


def test_causes_count() -> None:
    error = FileNotFoundError("x")
    error.__cause__ = Answer(502)
    assert is_transient(error)
    denied = PermissionError("x")
    assert not is_of_surroundings(denied)
    denied.__cause__ = Answer(403, "ExpiredToken")
    assert is_of_surroundings(denied), "old credentials are no fault of a file"


def test_errors_of_the_file_are_not_asked_about_again() -> None:
    calls: list[int] = []

    def absent() -> None:
        calls.append(1)
        raise FileNotFoundError("x")

    with pytest.raises(FileNotFoundError):
        patiently("place", absent)
    assert len(calls) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, PermissionError), (404, FileNotFoundError), (418, OSError)])
def test_what_a_library_raises_of_its_own_becomes_an_oserror(status: int, kind: type[OSError]) -> None:
    error = aiohttp.ClientResponseError(REQUEST, (), status=status, message="no")

    def refused() -> None:
        raise error

    with pytest.raises(kind) as caught:
        patiently("https://host/x", refused)
    assert caught.value.filename == "https://host/x"
    assert is_of_surroundings(caught.value) is (status == 418)


@pytest.mark.parametrize("kind", ["ftp", "sftp", "webhdfs"])
def test_what_forgets_its_host_is_refused_before_it_is_asked(kind: str) -> None:
    with pytest.raises(ValueError, match=f"^{kind}:// cannot be read: .* host"):
        file_system(f"{kind}://127.0.0.1:9/x.pdf")


def test_urls_nobody_knows_and_libraries_that_are_missing_are_told_apart() -> None:
    with pytest.raises(UnknownPlaceError):
        file_system("htp://x")
    with pytest.raises(ValueError, match="dvc:// needs another package") as caught:
        file_system("dvc://x")
    assert not isinstance(caught.value, UnknownPlaceError)


def test_a_host_that_is_not_there_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.places.PAUSES", ())
    fs, path, _ = file_system("http://nowhere.invalid/x.pdf")
    with pytest.raises(OSError, match="gaierror|DNSError|not known|resolution") as caught:
        patiently("http://nowhere.invalid/x.pdf", lambda: fs.info(path))
    assert "nowhere.invalid/x.pdf" in str(caught.value)
    assert is_of_surroundings(caught.value)
