"""Every hostile file by itself: its outcome, the clock, and the parent's memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.pages import Limits, PageError, PdfEngine, Sandbox
from pipeline.sources import Format, sniff
from schemas.manifest import Reason

# What stands in the data's list of these files; None is a page.
PASSWORDS = ("test", "asdfzxcv", "openpassword", "foo")
LOCKED = {
    "cabinet_encryption_openpassword.pdf",
    "pdfplumber_password-example.pdf",
    "pypdf_encryption_r2-user-password.pdf",
    "pypdf_encryption_r3-user-password.pdf",
    "pypdf_encryption_r4-aes-user-password.pdf",
    "pypdf_encryption_r5-user-password.pdf",
    "pypdf_encryption_r6-both-passwords.pdf",
    "pypdf_encryption_r6-user-password.pdf",
    "sample-files_libreoffice-writer-password.pdf",
}


def outcome(sandbox: Sandbox, data: bytes) -> str:
    """ "ok", or the reason why the first page cannot be had."""
    kind = sniff(data[:2048])
    if not data or kind is None:
        return Reason.EMPTY_FILE.value if not data else Reason.UNSUPPORTED_FORMAT.value
    try:
        sandbox.open(kind, data)
        picture = sandbox.page(0, 500).picture
        assert max(picture.shape[:2]) <= 500
        return "ok"
    except PageError as error:
        assert error.detail.isprintable()
        return error.reason.value


def peak() -> int:
    """This process's largest resident size so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_every_hostile_file_has_the_outcome_that_is_right_and_the_parent_stays_small(hostile: dict[str, Any]) -> None:
    before = peak()
    wrong = {}
    with Sandbox(Limits(cpu_seconds=20, wall_seconds=60)) as sandbox:
        for name, file in hostile.items():
            began = time.monotonic()
            if (found := outcome(sandbox, file.data)) not in file.outcomes:
                wrong[name] = found
            assert time.monotonic() - began < 130, name
        assert outcome(sandbox, hostile["good.pdf"].data) == "ok"
    assert wrong == {}
    assert peak() - before < 60_000, "KiB"


def test_every_hostile_pdf_ends_well_with_the_other_reader_of_text(hostile: dict[str, Any]) -> None:
    """pdfminer is written in Python: it gives up on what is too deep, and takes longer over what is too long."""
    others = {
        "nested-forms.pdf": {"page-damaged"},
        "page-nan.pdf": {"page-damaged"},
        "double-flate.pdf": {"timeout", "killed", "page-damaged"},
    }
    before = peak()
    wrong = {}
    with Sandbox(Limits(cpu_seconds=4, wall_seconds=60), engine=PdfEngine.PDFPLUMBER) as sandbox:
        for name, file in hostile.items():
            if name.endswith(".pdf") and (found := outcome(sandbox, file.data)) not in others.get(name, file.outcomes):
                wrong[name] = found
        assert outcome(sandbox, hostile["good.pdf"].data) == "ok"
    assert wrong == {}
    assert peak() - before < 60_000, "KiB"


def test_bombs_are_stopped_by_the_cpus_clock_and_by_memory(bombs: dict[str, Any], hostile: dict[str, Any]) -> None:
    before = peak()
    for limits in (Limits(cpu_seconds=1), Limits(address_space=700 << 20)):
        with Sandbox(limits) as sandbox:
            for name, file in bombs.items():
                assert outcome(sandbox, file.data) in file.outcomes, name
            assert outcome(sandbox, hostile["good.pdf"].data) == "ok"
    assert peak() - before < 20_000, "KiB"


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_bombs_are_stopped_within_the_usual_limits(bombs: dict[str, Any]) -> None:
    for name, file in bombs.items():
        with Sandbox() as sandbox:
            began = time.monotonic()
            assert outcome(sandbox, file.data) in file.outcomes, name
            assert time.monotonic() - began < 90 + 180


def test_a_password_opens_what_it_opens(hostile: dict[str, Any]) -> None:
    locked = hostile["locked.pdf"].data
    for passwords, expected in (
        ((), "encrypted"),
        (("wrong", ""), "encrypted"),
        (("wrong", "open-sesame"), "ok"),
        (("owner",), "ok"),
        (("p\N{LATIN SMALL LETTER A WITH DIAERESIS}sswort\0", "open-sesame"), "ok"),
    ):
        with Sandbox(passwords=passwords) as sandbox:
            assert outcome(sandbox, locked) == expected, passwords
            assert outcome(sandbox, hostile["good.pdf"].data) == "ok"


def test_a_password_is_seen_nowhere(hostile: dict[str, Any]) -> None:
    with Sandbox(passwords=["very-secret-word"]) as sandbox:
        with pytest.raises(PageError) as caught:
            sandbox.open(Format.PDF, hostile["locked.pdf"].data)
        assert "very-secret-word" not in f"{caught.value} {caught.value.detail} {vars(caught.value)}"
        for name in ("environ", "cmdline"):
            assert b"very-secret-word" not in Path(f"/proc/{sandbox.pid}/{name}").read_bytes()
        assert "very-secret-word" not in repr(sandbox)


def test_the_real_ones_end_as_they_are_listed(shared: Path) -> None:
    """Broken, encrypted, empty and huge PDFs of other projects' tests."""
    folder = shared / "data/documents/hostile_pdfs"
    found: dict[str, dict[str, str]] = {"without": {}, "with": {}}
    for which, passwords in (("without", ()), ("with", PASSWORDS)):
        with Sandbox(Limits(cpu_seconds=30, wall_seconds=60), passwords) as sandbox:
            for path in sorted(folder.iterdir()):
                found[which][path.name] = outcome(sandbox, path.read_bytes())
    assert set(found["without"].values()) <= {"ok", "damaged", "encrypted", "empty-file", "page-damaged", "no-pages",
                                              "page-too-large", "unsupported-format"}  # fmt: skip
    assert {name for name, reason in found["without"].items() if reason == "encrypted"} == LOCKED
    assert {name for name, reason in found["with"].items() if reason == "encrypted"} < LOCKED
    for name in ("sample-files_libreoffice-writer-password", "pdfplumber_password-example",
                 "pypdf_encryption_r3-user-password", "pypdf_encryption_r6-both-passwords"):  # fmt: skip
        assert found["with"][f"{name}.pdf"] == "ok", name
    assert found["without"]["pdfplumber_empty_0bytes.pdf"] == "empty-file"
    assert found["without"]["ocrmypdf_invalid.pdf"] in {"damaged", "no-pages"}
    assert found["without"]["pypdf_encryption_unencrypted.pdf"] == "ok"


def test_names_are_taken_by_this_file_system(make: dict[str, ModuleType], tmp_path: Path) -> None:
    taken = make["names"].write_names(tmp_path, make["pdfs"].plain())
    assert sum(taken.values()) >= len(taken) - 2
