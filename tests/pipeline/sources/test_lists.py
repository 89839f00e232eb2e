"""List files: one input a line, and no line that is lost."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import SourceError, list_inputs, read_source, sorting
from pipeline.sources.lists import MAX_LINE
from schemas.manifest import Reason


def listed_of(folder: Path, text: str | bytes) -> list[str]:
    """URIs that a list file of `text` gives."""
    path = folder / "inputs.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [listed.uri for listed in list_inputs([], [str(path)])]


def test_a_line_is_what_an_input_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.pdf", "folder/b.pdf", "folder/deep/c.png", "folder/notes.txt", "globs/x1.pdf", "globs/y.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"%PDF-")
    monkeypatch.chdir(tmp_path)
    found = listed_of(tmp_path, f"a.pdf\nfolder\r\n\n  \n# a.png\n{tmp_path}/globs/x*\nfolder/notes.txt\n./a.pdf")
    wanted = ["a.pdf", "folder/b.pdf", "folder/deep/c.png", "folder/notes.txt", "globs/x1.pdf"]
    assert found == [f"{tmp_path}/{name}" for name in wanted]
    assert all(listed.stamp for listed in list_inputs([], ["inputs.txt"]))


def test_lines_and_inputs_are_one_listing(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).touch()
    (tmp_path / "one").write_text(f"{tmp_path}/c.pdf\n{tmp_path}/b.pdf\n")
    (tmp_path / "two").write_text(f"{tmp_path}/b.pdf\n")
    found = list_inputs([f"{tmp_path}/a.pdf"], [str(tmp_path / "one"), str(tmp_path / "two")])
    assert [Path(listed.uri).name for listed in found] == ["a.pdf", "b.pdf", "c.pdf"]


def test_a_line_that_names_nothing_is_given_and_cannot_be_read(tmp_path: Path) -> None:
    lines = [
        "/absent.pdf",
        "/absent/",
        "/absent[1].pdf",
        "/a/*.pdf",
        "htp://x/y.pdf",
        "tar://a.pdf::/absent.tar",
        "/nul\0.pdf",
    ]
    wanted = ["/a/*.pdf", "/absent", "/absent.pdf", "/absent[1].pdf", "/nul\\x00.pdf"]
    (tmp_path / "list").write_text("\n".join(lines))
    found = list(list_inputs([], [str(tmp_path / "list")]))
    assert [listed.uri for listed in found] == [*wanted, "htp://x/y.pdf", "tar://a.pdf::/absent.tar"]
    for listed in found:
        with pytest.raises(SourceError) as caught:
            read_source(listed)
        assert caught.value.reason is Reason.UNREADABLE


def test_urls_that_end_like_documents_are_believed_and_others_are_looked_at(tmp_path: Path) -> None:
    memory, root = fsspec.filesystem("memory"), f"memory:///{uuid.uuid4().hex}"
    for name in ("a.pdf", "folder/b.pdf", "x1.pdf"):
        memory.pipe_file(f"{root}/{name}", b"%PDF-")
    found = listed_of(
        tmp_path, f"{root}/a.pdf\n{root}/absent.pdf\n{root}/folder\n{root}/x?.pdf\n{root}/none\n{root}/n*.pdf"
    )
    assert found == [f"{root}/{name}" for name in ("a.pdf", "absent.pdf", "folder/b.pdf", "n*.pdf", "none", "x1.pdf")]
    listed = {Path(one.uri).name: one for one in list_inputs([], [str(tmp_path / "inputs.txt")])}
    assert read_source(listed["a.pdf"]).data == b"%PDF-"
    with pytest.raises(SourceError, match="unreadable"):
        read_source(listed["absent.pdf"])
    memory.rm(root, recursive=True)


def test_a_list_may_lie_in_a_store_and_begin_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    memory, url = fsspec.filesystem("memory"), f"memory:///{uuid.uuid4().hex}.txt"
    memory.pipe_file(url, b"\xef\xbb\xbf" + f"{tmp_path}/a.pdf\n".encode())
    assert [listed.uri for listed in list_inputs([], [url])] == [f"{tmp_path}/a.pdf"]
    memory.rm(url)


def test_names_that_are_not_unicode_are_found(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")
    Path(path).touch()
    assert listed_of(tmp_path, os.fsencode(path)) == [path]


def test_a_list_that_is_none_is_named(tmp_path: Path) -> None:
    for place in (str(tmp_path / "absent"), str(tmp_path), "memory:///absent.txt"):
        with pytest.raises(ValueError, match=r"^the list .* cannot be read"):
            list_inputs([], [place])
    (tmp_path / "binary").write_bytes(b"ok\n" + b"x" * MAX_LINE)
    with pytest.raises(ValueError, match=r"line 2 of the list .* is longer than 65536 bytes"):
        list_inputs([], [str(tmp_path / "binary")])
    (tmp_path / "empty").write_text("# nothing\n\n")
    with pytest.raises(ValueError, match=r"no documents in .*empty"):
        list_inputs([], [str(tmp_path / "empty")])
    with pytest.raises(ValueError, match="must not be empty"):
        list_inputs([], [""])


@settings(deadline=None)
@given(st.lists(st.text("abc-.*[]!?#\u00e9", min_size=1, max_size=8), min_size=1, max_size=20), st.integers(1, 8))
def test_any_lines_are_given_once_in_order_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], chunk: int
) -> None:
    folder = tmp_path_factory.mktemp("list")
    lines = [f"{folder}/no/x{line}.pdf" for line in lines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "CHUNK", chunk)
        found = listed_of(folder, "\n".join(lines))
    assert found == sorted(set(lines))
