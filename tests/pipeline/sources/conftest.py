"""Makers of files, trees and tars."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Members = Iterable[tuple[str, bytes]]


def tar_bytes(members: Members, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar as Python's own library writes it."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form, errors="surrogateescape") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


@pytest.fixture
def make_tar(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tar of (name, bytes) members to the test's folder."""

    def make(name: str, members: Members, form: int = tarfile.PAX_FORMAT) -> Path:
        (tmp_path / name).write_bytes(tar_bytes(members, form))
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def tar_of_members() -> Callable[..., bytes]:
    """The bytes of a tar of (name, bytes) members."""
    return tar_bytes
