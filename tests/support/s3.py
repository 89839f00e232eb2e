"""An S3-compatible server on loopback: moto's, as a process of its own."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Server:
    """The server. It keeps everything in memory."""

    endpoint: str

    @property
    def env(self) -> dict[str, str]:
        """The environment in which a program finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def bucket(self) -> str:
        """URL of a new, empty bucket."""
        name = f"test-{secrets.token_hex(6)}"
        self._client().create_bucket(Bucket=name)
        return f"s3://{name}"

    def put(self, url: str, data: bytes) -> None:
        """Write one object past the project's own code."""
        bucket, key, _ = _parts(url)
        self._client().put_object(Bucket=bucket, Key=key, Body=data)

    def names(self, url: str) -> list[str]:
        """Names below a prefix, sorted, listed past the project's own code."""
        bucket, _, prefix = _parts(url)
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(entry["Key"][len(prefix) :] for page in pages for entry in page.get("Contents", []))

    def objects(self, url: str) -> dict[str, bytes]:
        """Everything below a prefix by its name there, read past the project's own code."""
        bucket, _, prefix = _parts(url)
        client = self._client()
        return {name: client.get_object(Bucket=bucket, Key=prefix + name)["Body"].read() for name in self.names(url)}

    def begun_uploads(self, url: str) -> int:
        """Uploads in parts that nobody completed or gave up."""
        return len(self._client().list_multipart_uploads(Bucket=_parts(url)[0]).get("Uploads", []))

    def _client(self) -> Any:
        import boto3

        env = self.env
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            region_name=env["AWS_DEFAULT_REGION"],
        )


def _parts(url: str) -> tuple[str, str, str]:
    """(bucket, key, the key as a prefix) of a URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key, f"{key.rstrip('/')}/" if key else ""


@contextmanager
def serve() -> Iterator[Server]:
    """A server for as long as the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not listen")
