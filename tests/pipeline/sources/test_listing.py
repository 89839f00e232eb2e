"""Listing: every document that was named, once, in an order that does not depend on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import uuid
import zipfile
from collections.abc import Sequence
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import Listed, SourceError, list_inputs, read_source, sorting

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


def uris(inputs: list[str], lists: Sequence[str] = ()) -> list[str]:
    return [listed.uri for listed in list_inputs(inputs, lists)]


def make(folder: Path, *names: str) -> list[str]:
    """Files of a few bytes; their absolute paths in order."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"%PDF-" + name.encode("utf-8", "surrogateescape"))
    return sorted(str(folder / name) for name in names)


def test_a_folder_gives_the_documents_below_it(tmp_path: Path) -> None:
    wanted = make(tmp_path, "b.pdf", "a.PNG", "deep/er/c.jpeg", "deep/d.TIFF", "e.webp", "f.tif", "g.jpg")
    make(tmp_path, "notes.txt", "b.pdf.truth.json", ".hidden.pdf", "deep/._c.jpeg", ".git/x.pdf", "pdf", "x.pdf.bak")
    assert uris([str(tmp_path)]) == wanted
    assert uris([f"{tmp_path}/", f"{tmp_path}/deep", wanted[0]]) == wanted, "none twice"


def test_a_hidden_folder_that_is_named_itself_is_taken(tmp_path: Path) -> None:
    wanted = make(tmp_path, ".data/a.pdf")
    assert uris([str(tmp_path / ".data")]) == wanted


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    wanted = make(tmp_path, "scan", ".hidden", "notes.txt")
    assert uris(wanted) == wanted


def test_odd_names_are_listed_and_read(tmp_path: Path) -> None:
    wanted = make(tmp_path, *ODD_NAMES)
    assert uris([str(tmp_path)]) == wanted
    for path in wanted:
        assert uris([path]) == [path]
        assert read_source(Listed(path)).data == b"%PDF-" + Path(path).name.encode()


def test_a_name_that_is_not_unicode_is_listed_and_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")
    Path(path).write_bytes(b"%PDF-")
    assert uris([str(tmp_path)]) == [path]
    assert read_source(Listed(path)).data == b"%PDF-"


def test_globs_give_what_they_match(tmp_path: Path) -> None:
    make(tmp_path, "a1.pdf", "a2.pdf", "b.pdf", "deep/a3.pdf", "a4.txt", "deep/deeper/a5.png")
    (tmp_path / "afolder.pdf").mkdir()

    def names(pattern: str) -> list[str]:
        return [Path(path).name for path in uris([f"{tmp_path}/{pattern}"])]

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
    assert [uris([spelling]) for spelling in spellings] == [wanted] * len(spellings)
    assert uris(spellings) == wanted


def test_two_dots_after_a_link_mean_what_the_system_means(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "other/a.pdf")
    (tmp_path / "other" / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other" / "deep")
    assert uris([f"{tmp_path}/link/../a.pdf"]) == [str(tmp_path.resolve() / "other" / "a.pdf")]


def test_links_to_files_are_documents_and_loops_of_links_end(tmp_path: Path) -> None:
    make(tmp_path, "away/real.pdf")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.pdf").symlink_to(tmp_path / "away" / "real.pdf")
    (folder / "dangling.pdf").symlink_to(tmp_path / "absent.pdf")
    (folder / "loop").symlink_to(folder)
    wanted = [str(folder / "dangling.pdf"), str(folder / "good.pdf")]
    assert uris([str(folder)]) == wanted
    assert uris([f"{folder}/*.pdf"]) == wanted
    assert uris([wanted[0]]) == wanted[:1], "why it cannot be read is said when it is read"


def test_links_that_cannot_be_followed_take_nothing_with_them(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "b/c.pdf")
    (tmp_path / "circle.pdf").symlink_to(tmp_path / "circle.pdf")
    (tmp_path / "file.tar").symlink_to(tmp_path / "a.pdf" / "x")
    (tmp_path / "long.pdf").symlink_to("n" * 300)
    wanted = [str(tmp_path / name) for name in ("a.pdf", "b/c.pdf", "circle.pdf", "file.tar", "long.pdf")]
    assert uris([str(tmp_path)]) == wanted
    assert uris([f"{tmp_path}/**"]) == wanted
    for listed in list_inputs([str(tmp_path / "circle.pdf"), str(tmp_path / "file.tar"), str(tmp_path / "long.pdf")]):
        with pytest.raises(SourceError, match="unreadable"):
            read_source(listed)


def test_nothing_found_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    for inputs in ([str(tmp_path)], [f"{tmp_path}/*.pdf"], []):
        with pytest.raises(ValueError, match=r"no documents in .*\.pdf") as caught:
            uris(inputs)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent.pdf", "absent/", "absent/deep.pdf"])
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.pdf")
    with pytest.raises(ValueError, match=f"no such file or folder: '{tmp_path}/{name}'"):
        uris([str(tmp_path), f"{tmp_path}/{name}"])


def test_an_empty_input_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        uris([""])


def test_urls_are_listed_and_read() -> None:
    memory = fsspec.filesystem("memory")
    root = f"memory:///{uuid.uuid4().hex}"
    for name in ("b.pdf", "deep/a.pdf", "b.pdf.truth.json", ".x.pdf"):
        memory.pipe_file(f"{root}/{name}", b"%PDF-" + name.encode())
    wanted = [f"{root}/b.pdf", f"{root}/deep/a.pdf"]
    assert uris([root]) == wanted
    assert uris([f"{root}/*.pdf", f"{root}/deep/*"]) == wanted
    assert [read_source(Listed(uri)).data for uri in wanted] == [b"%PDF-b.pdf", b"%PDF-deep/a.pdf"]
    with pytest.raises(ValueError, match="no such file or folder"):
        uris([f"{root}/absent"])
    memory.rm(root, recursive=True)


def test_documents_inside_a_zip_file_keep_the_way_to_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("deep/a.pdf", b"%PDF-a")
        archive.writestr("notes.txt", b"x")
    [uri] = uris([f"zip://*/*.pdf::{tmp_path}/all.zip"])
    assert read_source(Listed(uri)).data == b"%PDF-a"


@given(st.sets(st.text(st.sampled_from("ab.\u00e9 -_[]?"), min_size=1, max_size=6), max_size=6), st.randoms())
def test_any_names_come_sorted_and_once(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], random: object
) -> None:
    folder = tmp_path_factory.mktemp("names")
    wanted = make(folder, *(f"x{name}.pdf" for name in names))
    if wanted:
        assert uris([*wanted[::-1], str(folder), str(folder)]) == wanted


PART = st.text("ab-.!/0\u00e9", min_size=1, max_size=5).map(lambda name: f"{name.strip('/') or 'a'}")
SUFFIX = st.sampled_from([".pdf", ".png", ".txt", "", "-x.tif", ".d"])
TREE = st.lists(st.lists(st.builds(str.__add__, PART, SUFFIX), min_size=1, max_size=3).map("/".join), max_size=14)


def grow(folder: Path, names: list[str]) -> None:
    """Files of those names, as far as one does not need a folder where another is a file."""
    for name in names:
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue


def plainly(folder: Path) -> list[str]:
    """The rules in the plainest words, over everything at once."""
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix.lower() in {".pdf", ".png", ".tif"}
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


@settings(deadline=None)
@given(TREE, st.data())
def test_any_tree_is_listed_whole_in_order_and_once(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("tree") / "r"
    root.mkdir()
    grow(root, names)
    wanted = plainly(root)
    if not wanted:
        return
    below = [str(path) for path in root.rglob("*") if path.is_dir() and "/." not in str(path)]
    extra = data.draw(st.lists(st.sampled_from([*below, *wanted]), max_size=6)) if below else []
    lines = data.draw(st.lists(st.sampled_from([*below, *wanted]), max_size=6))
    (root.parent / "list").write_text("\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "CHUNK", data.draw(st.integers(1, 20)))
        found = list(list_inputs([str(root), *extra], [str(root.parent / "list")]))
    assert [listed.uri for listed in found] == wanted
    assert all(listed.stamp == f"0-{Path(listed.uri).stat().st_mtime_ns}" for listed in found)
    assert uris([f"{root}/**"]) == [*plainly_with_hidden_folders(root)]


def plainly_with_hidden_folders(folder: Path) -> list[str]:
    """What `**` matches: hidden folders, too, as that is what patterns have always matched."""
    suffixes = {".pdf", ".png", ".tif"}
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in suffixes)
    return sorted(str(path) for path in found if not path.name.startswith("."))


@settings(deadline=None)
@given(TREE)
def test_any_store_is_listed_as_a_folder_is(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    grow(folder, names)
    wanted = plainly(folder)
    memory, root = fsspec.filesystem("memory"), f"memory:///{uuid.uuid4().hex}"
    for path in folder.rglob("*"):
        if path.is_file():
            memory.pipe_file(f"{root}/{path.relative_to(folder)}", b"x")
    if wanted:
        assert uris([root]) == [path.replace(str(folder), root, 1) for path in wanted]
        memory.rm(root, recursive=True)


def test_a_folder_beside_a_file_with_a_longer_name_does_not_break_the_order(tmp_path: Path) -> None:
    wanted = make(tmp_path, "a/x.pdf", "a-b/x.pdf", "a-b.pdf", "a.pdf", "a0.pdf", "a/b/c.pdf", "a/b-c.pdf")
    assert uris([str(tmp_path)]) == wanted
    assert wanted[0].endswith("a-b.pdf"), "which sorting by component would not give"


def test_stamps_change_with_the_bytes(tmp_path: Path) -> None:
    [path] = make(tmp_path, "a.pdf")
    [before] = list_inputs([path])
    Path(path).write_bytes(b"%PDF-other and longer")
    [after] = list_inputs([str(tmp_path)])
    assert before.stamp != after.stamp
    assert list(list_inputs([f"{tmp_path}/*"])) == list(list_inputs([path])) == [after], "however it is named"
    memory, url = fsspec.filesystem("memory"), f"memory:///{uuid.uuid4().hex}/a.pdf"
    memory.pipe_file(url, b"1")
    [one], [other] = list_inputs([url]), list_inputs([url.removesuffix("/a.pdf")])
    memory.pipe_file(url, b"22")
    assert one == other != next(list_inputs([url]))
    memory.rm(url)


def test_memory_does_not_grow_with_the_number_of_folders(tmp_path: Path) -> None:
    for folder in range(20):
        (tmp_path / f"{folder:02}").mkdir()
        for number in range(300):
            (tmp_path / f"{folder:02}" / f"{number:03}.pdf").touch()
    few = [str(tmp_path / "00"), str(tmp_path / "01")]
    list(list_inputs(few))  # what is imported on the way

    def peak(inputs: list[str]) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in list_inputs(inputs)) == (600 if inputs is few else 6000)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak([str(tmp_path)]) < 1.3 * peak(few)


def test_nothing_is_asked_for_before_it_is_needed(tmp_path: Path) -> None:
    make(tmp_path, "a/x.pdf", "b/x.pdf")
    stream = list_inputs([str(tmp_path)])
    (tmp_path / "b" / "y.pdf").touch()
    assert [Path(listed.uri).name for listed in stream] == ["x.pdf", "x.pdf", "y.pdf"]


def test_a_folder_that_is_gone_when_it_is_reached_is_still_given(tmp_path: Path) -> None:
    make(tmp_path, "a/x.pdf", "b/x.pdf", "c/x.pdf")
    stream = list_inputs([str(tmp_path)])
    shutil.rmtree(tmp_path / "b")
    found = list(stream)
    assert [listed.uri for listed in found] == [f"{tmp_path}/a/x.pdf", f"{tmp_path}/b/", f"{tmp_path}/c/x.pdf"]
    with pytest.raises(SourceError, match="unreadable: No such file"):
        read_source(found[1])


CLOSED = """
import os, sys
from pipeline.sources import list_inputs
if os.geteuid() == 0:  # whom no folder is closed to
    os.setgid(65534), os.setuid(65534)
print(*(listed.uri for listed in list_inputs([sys.argv[1]])), sep="\\n")
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
        read_source(Listed(str(tmp_path)))
