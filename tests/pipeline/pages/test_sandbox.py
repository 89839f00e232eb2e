"""The sandbox: whatever a document does to its process, the next document is fine and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

import pipeline.limited.process
from pipeline.limited.wire import pack
from pipeline.pages import Limits, PageError, RawPage, Sandbox
from pipeline.sources import Format
from pipeline.synth import SynthFile
from schemas.manifest import Reason

DrawPdf = Callable[..., bytes]
# A form that draws itself twice: 83 seconds and 17.7 GB without limits.
RECURSIVE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 5>>stream
/F Do
endstream endobj
5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<</XObject<</F 5 0 R>>>>/Length 11>>stream
/F Do /F Do
endstream endobj
trailer<</Root 1 0 R>>
"""
SMALL = 3 * 2**29  # bytes of address space


def pid(sandbox: Sandbox) -> int:
    assert sandbox.pid is not None
    return sandbox.pid


def wait_for_death(sandbox: Sandbox) -> None:
    child = sandbox._process._child
    assert child is not None
    assert child.code(10) is not None


def is_gone(process: int) -> bool:
    """Whether no process of this number is left, not even as a zombie."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def reason_of(sandbox: Sandbox, kind: Format, data: bytes) -> Reason:
    with pytest.raises(PageError) as caught:
        first(sandbox, kind, data)
    return caught.value.reason


def first(sandbox: Sandbox, kind: Format, data: bytes) -> RawPage:
    sandbox.open(kind, data)
    return sandbox.page(0, 300)


def write(sheet: Canvas) -> None:
    sheet.drawString(40, 100, "fine")


@pytest.fixture(scope="session")
def fine(draw_pdf: DrawPdf) -> bytes:
    """A good document of five pages."""
    return draw_pdf(*[write] * 5)


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [
        (Limits(cpu_seconds=1, wall_seconds=30, address_space=SMALL), {Reason.TIMEOUT, Reason.KILLED}),
        (Limits(cpu_seconds=30, wall_seconds=0.7, address_space=16 * SMALL), {Reason.TIMEOUT}),
    ],
    ids=["cpu", "clock"],
)
def test_a_page_without_end_is_stopped_and_the_next_document_is_fine(
    fine: bytes, limits: Limits, reasons: set[Reason]
) -> None:
    with Sandbox(limits) as sandbox:
        sandbox.open(Format.PDF, fine)
        first = pid(sandbox)
        began = time.monotonic()
        assert reason_of(sandbox, Format.PDF, RECURSIVE) in reasons
        assert time.monotonic() - began < 20
        assert is_gone(first)
        sandbox.open(Format.PDF, fine)
        assert len(sandbox.page(0, 100).chars) == 4


def test_a_document_that_needs_too_much_memory_is_stopped(fine: bytes) -> None:
    with Sandbox(Limits(address_space=640 * 2**20)) as sandbox:
        assert reason_of(sandbox, Format.PDF, bytes(300 * 2**20)) is Reason.KILLED
        assert sandbox.open(Format.PDF, fine) == 5


def test_nothing_is_left_after_closing(fine: bytes) -> None:
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, fine)
        process = pid(sandbox)
        assert not is_gone(process)
    assert is_gone(process)
    sandbox.close()
    assert sandbox.open(Format.PDF, fine) == 5, "a closed sandbox may be used again"
    sandbox.close()


def test_the_child_ends_with_its_parent(fine: bytes, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:  # another process, which dies without a word
        sandbox = Sandbox()
        sandbox.open(Format.PDF, fine)
        os.write(writing, str(pid(sandbox)).encode())
        os._exit(0)
    os.waitpid(parent, 0)
    child = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    deadline = time.monotonic() + 20
    while not _has_ended(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _has_ended(child)


def _has_ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_child_serves_many_documents_and_is_recycled_after_so_many_pages(fine: bytes) -> None:
    with Sandbox(Limits(recycle_after=3)) as sandbox:
        seen = []
        for _ in range(2):
            sandbox.open(Format.PDF, fine)
            for index in range(4):
                assert len(sandbox.page(index, 100).chars) == 4
                seen.append(pid(sandbox))
        assert [seen.index(process) for process in seen] == [0, 0, 2, 2, 4, 4, 6, 6], "each opens the document, too"


def test_a_child_that_died_between_two_requests_is_replaced(fine: bytes) -> None:
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, fine)
        os.kill(pid(sandbox), signal.SIGKILL)
        wait_for_death(sandbox)
        assert len(sandbox.page(1, 100).chars) == 4
        os.kill(pid(sandbox), signal.SIGKILL)
        wait_for_death(sandbox)
        assert sandbox.open(Format.PDF, fine) == 5


def test_a_page_after_a_refused_one_is_fine(fine: bytes) -> None:
    with Sandbox(Limits(max_pages=5)) as sandbox:
        for _ in range(2):
            assert reason_of(sandbox, Format.PNG, fine) is Reason.DAMAGED
            assert sandbox.open(Format.PDF, fine) == 5
            assert len(sandbox.page(4, 100).chars) == 4
    with Sandbox(Limits(max_pages=4)) as sandbox:
        assert reason_of(sandbox, Format.PDF, fine) is Reason.TOO_MANY_PAGES


def test_a_document_cannot_write_files_or_keep_many_open(fine: bytes) -> None:
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, fine)
        limits = Path(f"/proc/{pid(sandbox)}/limits").read_text()
    found = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert found["Max file size"] == "0"
    assert found["Max core file size"] == "0"
    assert found["Max open files"] == "64"
    assert found["Max address space"] == str(4 * 1024**3)
    assert int(found["Max cpu time"]) <= 70


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Sandbox]:
    """`impostor(shell)`: a sandbox whose child, a real process, is taken over and does what `shell` says."""

    def make(shell: str) -> Sandbox:
        script = tmp_path / "child"
        script.write_text(f"#!/bin/sh\n{shell}\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        return Sandbox(Limits(wall_seconds=0.7))

    return make


READY = pack({"ready": {}})


def says(tmp_path: Path, *answers: tuple[dict[str, Any], bytes]) -> str:
    """Shell that is ready, says what it will ever say, and waits."""
    whole = READY + b"".join(pack(head, len(body)) + body for head, body in answers)
    (tmp_path / "answers").write_bytes(whole)
    return f"head -c 1 >/dev/null; cat {tmp_path}/answers; cat >/dev/null"


def printed(data: bytes) -> str:
    return "printf '" + "".join(f"\\{byte:03o}" for byte in data) + "'"


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"pages": 0},
        {"pages": -5},
        {"pages": 10**9},
        {"pages": "many"},
        {"pages": None},
        {"pages": 1.5e300},
        {"reason": "because", "detail": "x"},
        {"reason": ["damaged"], "detail": "x"},
        {"reason": "damaged"},
    ],
)
def test_a_child_that_answers_nonsense_is_not_believed(
    impostor: Callable[[str], Sandbox], tmp_path: Path, head: dict[str, Any], fine: bytes
) -> None:
    with (
        impostor(says(tmp_path, (head, b""))) as sandbox,
        pytest.raises(PageError, match="killed: its process answered") as caught,
    ):
        sandbox.open(Format.PDF, fine)
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("shell", "reason"),
    [
        ("printf 'not a message at all'; sleep 60", Reason.KILLED),
        ("printf '\\005\\000\\000\\000\\000\\000\\000\\000[1,2]'; sleep 60", Reason.KILLED),
        ("printf '\\005\\000'; sleep 60", Reason.TIMEOUT),
        ("sleep 60", Reason.TIMEOUT),
        ("kill -SEGV $$", Reason.KILLED),
        ("exec <&- >&-; sleep 60", Reason.KILLED),
    ],
    ids=["garbage", "no-object", "half", "silence", "crash", "closes-its-pipes"],
)
def test_a_child_that_does_not_answer_is_ended(
    impostor: Callable[[str], Sandbox],
    monkeypatch: pytest.MonkeyPatch,
    shell: str,
    reason: Reason,
    fine: bytes,
) -> None:
    monkeypatch.setattr(pipeline.limited.process, "_DYING", 0.5)
    with impostor(f"head -c 1 >/dev/null; {printed(READY)}; {shell}") as sandbox:
        began = time.monotonic()
        with pytest.raises(PageError) as caught:
            sandbox.open(Format.PDF, fine * (1000 if shell == "sleep 60" else 1))
        assert caught.value.reason is reason
        assert time.monotonic() - began < 10
        assert sandbox.pid is None


def test_a_child_that_cannot_start_is_no_fault_of_the_document(impostor: Callable[[str], Sandbox], fine: bytes) -> None:
    with impostor("exit 3") as sandbox, pytest.raises(RuntimeError, match="could not start, it ended with 3"):
        sandbox.open(Format.PDF, fine)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ({"width": 2, "height": 2, "chars": 0}, b"\0" * 11),
        ({"width": -2, "height": -2, "chars": 0}, b"\0" * 12),
        ({"width": 2, "height": 2, "chars": -1}, b"\0" * 12),
        ({"width": 2, "height": 2, "chars": 1}, b"\0" * 16 + b"\xff" * 16 + b"\0"),
        ({"width": 2, "height": 2}, b"\0" * 12),
    ],
    ids=["short", "negative", "negative-characters", "not-finite", "incomplete"],
)
def test_a_page_that_cannot_be_is_not_believed(
    impostor: Callable[[str], Sandbox], tmp_path: Path, fine: bytes, head: dict[str, Any], body: bytes
) -> None:
    facts = {"declared_rotation": 0, "picture_cover": 0.0, "bilevel": False, "size": [2, 2]}
    with impostor(says(tmp_path, ({"pages": 1}, b""), ({**head, "facts": facts}, body))) as sandbox:
        sandbox.open(Format.PDF, fine)
        with pytest.raises(PageError, match="killed: its process answered"):
            sandbox.page(0, 100)


def test_real_documents_come_through_whole(letter: SynthFile, shared_sandbox: Sandbox) -> None:
    assert shared_sandbox.open(Format.PDF, letter.data) == 2
    first, again = shared_sandbox.page(0, 800), shared_sandbox.page(0, 800)
    assert (first.picture == again.picture).all()
    assert (first.chars.box == again.chars.box).all()
    assert (first.chars.code == again.chars.code).all()
    assert not (first.picture == shared_sandbox.page(1, 800).picture).all()
