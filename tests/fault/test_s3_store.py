"""A store on a real S3-compatible server, and between them a gateway that fails as networks and stores do."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pytest

from pipeline.shards.files import Store

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


@dataclass
class Gateway:
    """Passes requests on to the server and notes them; the next `faults` of them it spoils."""

    server: str
    faults: list[str] = field(default_factory=list)  # "reset", "half", or a status
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and query or path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: Gateway

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""

    def _pass(self) -> None:
        body = self._body()
        self.gateway.seen.append((self.command, self.path))
        fault = self.gateway.faults.pop(0) if self.gateway.faults else ""
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault.isdecimal():
            self._answer(int(fault), [("Content-Type", "application/xml")], SLOW_DOWN if fault == "503" else b"")
            return
        there = http.client.HTTPConnection(urlsplit(self.gateway.server).netloc)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("transfer-encoding",)}
        there.request(self.command, self.path, body, headers | ({"Content-Length": str(len(body))} if body else {}))
        answer = there.getresponse()
        data = answer.read()
        self._answer(answer.status, answer.getheaders(), data, half=fault == "half")
        there.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, *, half: bool = False) -> None:
        self.send_response_only(status)
        kept = [(k, v) for k, v in headers if k.lower() not in ("transfer-encoding", "connection")]
        for name, value in kept:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in kept):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.wfile.flush()
            self.close_connection = True


@pytest.fixture
def gateway(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway through which new file systems of this process go, with botocore's own patience switched off."""
    made = Gateway(s3.endpoint)
    handler = type("Handler", (_Handler,), {"gateway": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("pipeline.places.PAUSES", (0.05, 0.1, 0.2, 0.4))
    _forget_clients()
    try:
        yield made
    finally:
        _forget_clients()
        server.shutdown()
        server.server_close()


def _forget_clients() -> None:
    """A client keeps the address that it was made with."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def store(s3: Any, gateway: Gateway) -> Store:
    """An empty store in a bucket of its own."""
    return Store(f"{s3.bucket()}/some/set")


def test_a_store_on_s3_is_like_any_other(store: Store) -> None:
    assert store.is_empty()
    assert store.list("units") == []
    store.write("units/b.json", b"0123456789")
    store.write("units/a.json", b"")
    store.write("units/deeper/c.json", b"x")
    store.write("units-of-others", b"x")
    assert store.list("units") == ["a.json", "b.json"]
    assert (store.read("units/a.json"), store.read("units/b.json")) == (b"", b"0123456789")
    assert store.read_range("units/b.json", 3, 4) == b"3456"
    assert store.read_range("units/b.json", 10, 0) == b""
    assert (store.size("units/a.json"), store.size("units/b.json")) == (0, 10)
    assert store.exists("units/a.json")
    assert not store.exists("units/absent.json")
    assert not store.is_empty()
    for offset, size in ((0, 11), (9, 2), (10, 1), (99, 1)):
        with pytest.raises(ValueError, match=r"units/b\.json: ends at 10"):
            store.read_range("units/b.json", offset, size)
    for ask in (store.read, store.size, lambda name: store.read_range(name, 0, 1)):
        with pytest.raises(FileNotFoundError):
            ask("absent")
    store.write("units/b.json", b"other")
    assert store.read("units/b.json") == b"other"
    store.remove("units/b.json")
    store.remove("units/b.json")
    assert store.list("units") == ["a.json"]


def test_the_folder_of_a_console_is_no_content(s3: Any, gateway: Gateway) -> None:
    url = f"{s3.bucket()}/set"
    s3.put(f"{url}/", b"")
    store = Store(url)
    assert store.is_empty()
    store.write("units/a.json", b"x")
    s3.put(f"{url}/units/", b"")
    assert store.list("units") == ["a.json"]


def test_a_bucket_itself_is_a_store(s3: Any, gateway: Gateway) -> None:
    store = Store(s3.bucket())
    assert store.is_empty()
    store.write("dataset.json", b"{}")
    assert store.read("dataset.json") == b"{}"
    assert not store.is_empty()


def test_a_bucket_that_is_not_there_is_named(s3: Any, gateway: Gateway) -> None:
    with pytest.raises(FileNotFoundError, match=r"bucket.*s3://no-such-bucket-here/set/a"):
        Store("s3://no-such-bucket-here/set").write("a", b"x")


def test_a_file_is_one_request(store: Store, gateway: Gateway) -> None:
    store.write("pages.tar", bytes(6 << 20))
    assert [method for method, _ in gateway.seen] == ["PUT"]
    gateway.seen.clear()
    store.read("pages.tar")
    store.read_range("pages.tar", 512, 512)
    assert [method for method, _ in gateway.seen] == ["GET", "GET"]


def test_many_are_read_in_order_and_at_once(store: Store) -> None:
    names = [f"units/{i:06d}.json" for i in range(70)]
    for i, name in enumerate(names):
        store.write(name, b"%d" % i)
    assert list(store.read_many(names)) == [b"%d" % i for i in range(70)]
    assert next(iter(store.read_many(names))) == b"0", "the rest is given up"
    with pytest.raises(FileNotFoundError):
        list(store.read_many([*names, "units/absent.json"]))


def test_what_another_process_wrote_is_seen(store: Store) -> None:
    store.write("units/000000.json", b"{}")
    assert store.list("units") == ["000000.json"]
    _other_process(f"Store({store.url!r}).write('units/000001.json', b'12345')")
    assert store.list("units") == ["000000.json", "000001.json"]
    assert store.exists("units/000001.json")
    _other_process(f"Store({store.url!r}).write('units/000001.json', b'1234567')")
    assert store.size("units/000001.json") == 7
    _other_process(f"Store({store.url!r}).remove('units/000001.json')")
    assert not store.exists("units/000001.json")


def _other_process(line: str) -> None:
    subprocess.run(
        [sys.executable, "-c", f"from pipeline.shards.files import Store; {line}"], cwd=ROOT, check=True, timeout=60
    )


def test_a_forked_process_opens_its_own(store: Store) -> None:
    store.write("a", b"from before")
    child = os.fork()
    if not child:
        os._exit(0 if store.read("a") == b"from before" and not store.exists("b") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.read("a") == b"from before"


@pytest.mark.parametrize("fault", ["reset", "half", "500", "502", "503"])
def test_passing_faults_are_not_seen(store: Store, gateway: Gateway, fault: str) -> None:
    store.write("units/a.json", b"0123456789" * 100)
    asks = (
        lambda: store.read("units/a.json") == b"0123456789" * 100,
        lambda: store.read_range("units/a.json", 10, 1000 - 10) == b"0123456789" * 99,
        lambda: store.list("units") == ["a.json"],
        lambda: store.size("units/a.json") == 1000,
        lambda: store.exists("units/a.json"),
        lambda: not store.exists("dataset.json"),
        lambda: not store.is_empty(),
        lambda: store.write("units/b.json", b"b") is None and store.read("units/b.json") == b"b",
        lambda: store.remove("units/b.json") is None and not store.exists("units/b.json"),
    )
    for ask in asks:
        gateway.faults[:] = [fault] * 2
        assert ask()
        assert len(gateway.faults) < 2


def test_a_store_that_stays_away_ends_in_an_error(store: Store, gateway: Gateway) -> None:
    gateway.faults[:] = ["500"] * 10_000
    for ask in (store.read, store.exists, store.size, store.list, lambda name: store.write(name, b"x")):
        before = len(gateway.seen)
        with pytest.raises(OSError, match=r"Internal Server Error|\(500\)") as caught:
            ask("dataset.json")
        assert not isinstance(caught.value, FileNotFoundError)
        assert "dataset.json" in str(caught.value)
        assert len(gateway.seen) - before == 5, "the first attempt, and one after each pause"


def test_a_command_says_so_in_one_line(store: Store) -> None:
    """Nobody listens there: as long as the real pauses last, then exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        env = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"}
    done = subprocess.run(
        [sys.executable, "-m", "jobs.inspect", "stats", store.url],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert "Could not connect to the endpoint" in done.stderr


KILLED = """
import sys
from pipeline.shards.files import Store
store = Store(sys.argv[1])
number = 0
while True:
    store.write("dataset.json", bytes([number % 256]) * (3 << 20))
    number += 1
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(s3: Any, gateway: Gateway) -> None:
    url = f"{s3.bucket()}/set"
    Store(url).write("dataset.json", b"\xff" * (3 << 20))
    for wait in (0.0, 0.02, 0.05, 0.1):
        before = len(gateway.seen)
        writer = subprocess.Popen([sys.executable, "-c", KILLED, url], cwd=ROOT)
        try:
            deadline = time.monotonic() + 60
            while len(gateway.seen) < before + 2 and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(wait)
        finally:
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        # A request that came in whole may still be at work in the server, which reads and writes one object at once.
        time.sleep(1)
        objects = s3.objects(url)
        assert list(objects) == ["dataset.json"]
        data = objects["dataset.json"]
        assert data == data[:1] * (3 << 20)
    assert s3.begun_uploads(url) == 0
