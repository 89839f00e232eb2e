"""Reading: bytes, hash and format, or one reason of the closed set; never a hang."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.sources import Format, Listed, SourceError, read_source, truth_beside
from schemas.base import sha256_hex
from schemas.manifest import Reason

TRUTH = b"any bytes: nothing looks into them here"


def reason_of(path: Path | str, **more: int) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_source(Listed(str(path)), **more)
    assert str(caught.value).isprintable()
    return caught.value


def test_a_document_is_read_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "misnamed.png"
    path.write_bytes(b"%PDF-1.4 rest")
    source = read_source(Listed(str(path)))
    assert (source.uri, source.format, source.data) == (str(path), Format.PDF, b"%PDF-1.4 rest")
    assert source.sha256 == sha256_hex(b"%PDF-1.4 rest")


def test_an_empty_file_has_its_reason(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").touch()
    assert reason_of(tmp_path / "x.pdf").reason is Reason.EMPTY_FILE


def test_a_format_that_is_not_ours_has_its_reason_and_its_hash(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"GIF89a....")
    error = reason_of(tmp_path / "x.pdf")
    assert (error.reason, error.sha256) == (Reason.UNSUPPORTED_FORMAT, sha256_hex(b"GIF89a...."))


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-" + b"x" * 95)
    assert len(read_source(Listed(str(tmp_path / "x.pdf")), max_bytes=100).data) == 100
    assert reason_of(tmp_path / "x.pdf", max_bytes=99).reason is Reason.TOO_LARGE


def test_what_is_not_there_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "absent")
    (tmp_path / "loop.pdf").symlink_to(tmp_path / "loop.pdf")
    (tmp_path / "file").touch()
    for path in ("dangling.pdf", "loop.pdf", "absent.pdf", "file/x.pdf", "x" * 300 + ".pdf"):
        assert reason_of(tmp_path / path).reason is Reason.UNREADABLE


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.pdf")
    for path in (tmp_path / "x.pdf", "/dev/zero", tmp_path):
        error = reason_of(path)
        assert (error.reason, error.detail.startswith("not a plain file")) == (Reason.UNREADABLE, True)


CLOSED = """
import os, sys
from pipeline.sources import Listed, SourceError, read_source
if os.geteuid() == 0:  # whom no file is closed to
    os.setgid(65534), os.setuid(65534)
try:
    read_source(Listed(sys.argv[1]))
except SourceError as error:
    print(error)
"""


def test_a_file_that_may_not_be_read_is_unreadable() -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        command = [sys.executable, "-c", CLOSED, file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout == "unreadable: Permission denied\n", done.stderr


EXHAUSTED = """
import resource, sys
from pipeline.sources import Listed, read_source
read_source(Listed(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
read_source(Listed(sys.argv[1]))
"""


def test_what_the_machine_lacks_is_not_put_on_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-")
    command = [sys.executable, "-c", EXHAUSTED, str(tmp_path / "x.pdf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("OSError: [Errno 24] Too many open files")


def test_a_file_that_changes_its_size_while_it_is_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-" + b"x" * 1000)
    pread = os.pread

    def then(change: Callable[[], object]) -> SourceError:
        def read(*arguments: int) -> bytes:
            change()
            return pread(*arguments)

        monkeypatch.setattr(os, "pread", read)
        return reason_of(path)

    assert then(lambda: os.truncate(path, 500)).reason is Reason.CHANGED
    assert then(lambda: os.truncate(path, 2000)).reason is Reason.CHANGED
    monkeypatch.setattr(os, "pread", pread)
    assert len(read_source(Listed(str(path))).data) == 2000


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT])
def test_a_disk_or_share_that_fails_is_not_put_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-")

    def fails(*_: int) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        read_source(Listed(str(tmp_path / "x.pdf")))
    assert caught.value.filename == str(tmp_path / "x.pdf")


def test_a_kind_of_url_that_nobody_knows_is_unreadable() -> None:
    assert reason_of("htp://host/x.pdf").reason is Reason.UNREADABLE


def test_truth_is_read_where_it_lies_beside_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "x.pdf")
    assert truth_beside(path) is None
    Path(f"{path}.truth.json").write_bytes(TRUTH)
    assert truth_beside(path) == TRUTH


def test_truth_lies_beside_the_file_inside_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("x.pdf", b"%PDF-")
        archive.writestr("y.pdf", b"%PDF-")
        archive.writestr("x.pdf.truth.json", TRUTH)
    assert truth_beside(f"zip://x.pdf::{tmp_path}/all.zip") == TRUTH
    assert truth_beside(f"zip://y.pdf::{tmp_path}/all.zip") is None
    (tmp_path / "a::b.pdf.truth.json").write_bytes(TRUTH)
    assert truth_beside(f"{tmp_path}/a::b.pdf") == TRUTH


def test_truth_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    path = str(tmp_path / "x.pdf")
    Path(f"{path}.truth.json").mkdir()
    with pytest.raises(ValueError, match="its truth cannot be read: not a plain file"):
        truth_beside(path)


def test_details_are_short() -> None:
    assert len(SourceError(Reason.DAMAGED, "x" * 1000).detail) == 300
