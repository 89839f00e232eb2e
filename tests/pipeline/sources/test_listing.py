"""Listing: every document that was named, once, in an order that does not depend on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
import zipfile
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources import SourceError, list_inputs, read_source

ODD_NAMES = [
    "a b.pdf",
    "\u00e4\u0142\u6587.pdf",
    "line\nbreak.pdf",
    "tab\t.pdf",
    "-x.pdf",
    "a::b.pdf",
    "%41.pdf",
    "#1.pdf",
    "[1].pdf",
]


def make(folder: Path, *names: str) -> list[str]:
    """Files of a few bytes; their absolute paths in order."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"%PDF-" + name.encode("utf-8", "surrogateescape"))
    return sorted(str(folder / name) for name in names)


def test_a_folder_gives_the_documents_below_it(tmp_path: Path) -> None:
    wanted = make(tmp_path, "b.pdf", "a.PNG", "deep/er/c.jpeg", "deep/d.TIFF", "e.webp", "f.tif", "g.jpg")
    make(tmp_path, "notes.txt", "b.pdf.truth.json", ".hidden.pdf", "deep/._c.jpeg", ".git/x.pdf", "pdf", "x.pdf.bak")
    assert list_inputs([str(tmp_path)]) == wanted
    assert list_inputs([f"{tmp_path}/", f"{tmp_path}/deep", wanted[0]]) == wanted, "none twice"


def test_a_hidden_folder_that_is_named_itself_is_taken(tmp_path: Path) -> None:
    wanted = make(tmp_path, ".data/a.pdf")
    assert list_inputs([str(tmp_path / ".data")]) == wanted


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    wanted = make(tmp_path, "scan", ".hidden", "notes.txt")
    assert list_inputs(wanted) == wanted


def test_odd_names_are_listed_and_read(tmp_path: Path) -> None:
    wanted = make(tmp_path, *ODD_NAMES)
    assert list_inputs([str(tmp_path)]) == wanted
    for path in wanted:
        assert list_inputs([path]) == [path]
        assert read_source(path).data == b"%PDF-" + Path(path).name.encode()


def test_a_name_that_is_not_unicode_is_listed_and_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")
    Path(path).write_bytes(b"%PDF-")
    assert list_inputs([str(tmp_path)]) == [path]
    assert read_source(path).data == b"%PDF-"


def test_globs_give_what_they_match(tmp_path: Path) -> None:
    make(tmp_path, "a1.pdf", "a2.pdf", "b.pdf", "deep/a3.pdf", "a4.txt", "deep/deeper/a5.png")
    (tmp_path / "afolder.pdf").mkdir()

    def names(pattern: str) -> list[str]:
        return [Path(path).name for path in list_inputs([f"{tmp_path}/{pattern}"])]

    assert names("a*") == ["a1.pdf", "a2.pdf"]
    assert names("a?.pdf") == ["a1.pdf", "a2.pdf"]
    assert names("[b]*") == ["b.pdf"]
    assert names("**/a*") == ["a1.pdf", "a2.pdf", "a3.pdf", "a5.png"]
    assert names("*/*.pdf") == ["a3.pdf"]


def test_relative_names_become_absolute_and_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = make(tmp_path, "in/a.pdf")
    (tmp_path / "in" / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    spellings = ["in", "./in", "in/", "in/a.pdf", "in/../in/a.pdf", "in/sub/..", "in//a.pdf", "in/./a.pdf", "in/*.pdf"]
    assert [list_inputs([spelling]) for spelling in spellings] == [wanted] * len(spellings)
    assert list_inputs(spellings) == wanted


def test_two_dots_after_a_link_mean_what_the_system_means(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "other/a.pdf")
    (tmp_path / "other" / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other" / "deep")
    assert list_inputs([f"{tmp_path}/link/../a.pdf"]) == [str(tmp_path.resolve() / "other" / "a.pdf")]


def test_links_to_files_are_documents_and_loops_of_links_end(tmp_path: Path) -> None:
    make(tmp_path, "away/real.pdf")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.pdf").symlink_to(tmp_path / "away" / "real.pdf")
    (folder / "dangling.pdf").symlink_to(tmp_path / "absent.pdf")
    (folder / "loop").symlink_to(folder)
    wanted = [str(folder / "dangling.pdf"), str(folder / "good.pdf")]
    assert list_inputs([str(folder)]) == wanted
    assert list_inputs([f"{folder}/*.pdf"]) == wanted
    assert list_inputs([wanted[0]]) == wanted[:1], "why it cannot be read is said when it is read"


def test_nothing_found_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    for inputs in ([str(tmp_path)], [f"{tmp_path}/*.pdf"], []):
        with pytest.raises(ValueError, match=r"no documents in .*\.pdf") as caught:
            list_inputs(inputs)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent.pdf", "absent/", "absent/deep.pdf"])
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.pdf")
    with pytest.raises(ValueError, match=f"no such file or folder: '{tmp_path}/{name}'"):
        list_inputs([str(tmp_path), f"{tmp_path}/{name}"])


def test_an_empty_input_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        list_inputs([""])


def test_urls_are_listed_and_read() -> None:
    memory = fsspec.filesystem("memory")
    root = f"memory:///{uuid.uuid4().hex}"
    for name in ("b.pdf", "deep/a.pdf", "b.pdf.truth.json", ".x.pdf"):
        memory.pipe_file(f"{root}/{name}", b"%PDF-" + name.encode())
    wanted = [f"{root}/b.pdf", f"{root}/deep/a.pdf"]
    assert list_inputs([root]) == wanted
    assert list_inputs([f"{root}/*.pdf", f"{root}/deep/*"]) == wanted
    assert [read_source(uri).data for uri in wanted] == [b"%PDF-b.pdf", b"%PDF-deep/a.pdf"]
    with pytest.raises(ValueError, match="no such file or folder"):
        list_inputs([f"{root}/absent"])
    memory.rm(root, recursive=True)


def test_documents_inside_a_zip_file_keep_the_way_to_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("deep/a.pdf", b"%PDF-a")
        archive.writestr("notes.txt", b"x")
    [uri] = list_inputs([f"zip://*/*.pdf::{tmp_path}/all.zip"])
    assert read_source(uri).data == b"%PDF-a"


@given(st.sets(st.text(st.sampled_from("ab.\u00e9 -_[]?"), min_size=1, max_size=6), max_size=6), st.randoms())
def test_any_names_come_sorted_and_once(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], random: object
) -> None:
    folder = tmp_path_factory.mktemp("names")
    wanted = make(folder, *(f"x{name}.pdf" for name in names))
    if wanted:
        assert list_inputs([*wanted[::-1], str(folder), str(folder)]) == wanted


CLOSED = """
import os, sys
from pipeline.sources import list_inputs
if os.geteuid() == 0:  # whom no folder is closed to
    os.setgid(65534), os.setuid(65534)
print(*list_inputs([sys.argv[1]]), sep="\\n")
"""


def test_a_folder_that_cannot_be_listed_does_not_vanish() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, "open/a.pdf", "closed/b.pdf")
        root.chmod(0o755)
        (root / "closed").chmod(0)
        command = [sys.executable, "-c", CLOSED, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        (root / "closed").chmod(0o700)
        assert done.stdout.splitlines() == [f"{folder}/closed", f"{folder}/open/a.pdf"], done.stderr


def test_a_folder_given_as_a_document_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unreadable: not a plain file"):
        read_source(str(tmp_path))
