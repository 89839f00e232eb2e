"""The hostile files, made once; each with the outcomes that are right for it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


@cache
def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hostile_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Hostile:
    """A file, and what may become of its first page: "ok" or reasons."""

    data: bytes
    outcomes: frozenset[str]


def _set(*outcomes: str) -> frozenset[str]:
    return frozenset(outcomes)


@pytest.fixture(scope="session")
def make() -> dict[str, ModuleType]:
    """`make["pdfs"]`, `make["pictures"]`, `make["names"]`: the makers."""
    return {name: _module(f"make_{name}") for name in ("pdfs", "pictures", "names")}


@pytest.fixture(scope="session")
def bombs(make: dict[str, ModuleType]) -> dict[str, Hostile]:
    """Files that run until something stops them: a minute of CPU each with the usual limits."""
    pdfs = make["pdfs"]
    return {
        "recursive-form.pdf": Hostile(pdfs.recursive_form(), _set("timeout", "killed")),
        "doubling-forms.pdf": Hostile(pdfs.doubling_forms(), _set("timeout", "killed")),
    }


@pytest.fixture(scope="session")
def hostile(make: dict[str, ModuleType]) -> dict[str, Hostile]:
    """All other files, by the name that they have in a folder."""
    pdfs, pictures = make["pdfs"], make["pictures"]
    ok = _set("ok")
    return {
        **{name: Hostile(data, ok) for name, data in pdfs.texts().items()},
        "nested-forms.pdf": Hostile(pdfs.nested_forms(), _set("ok", "killed")),
        "double-flate.pdf": Hostile(pdfs.double_flate(), _set("ok", "killed", "timeout")),
        "page-14400.pdf": Hostile(pdfs.page_of("0 0 14400 14400"), ok),
        "page-14401.pdf": Hostile(pdfs.page_of("0 0 14401 14401"), _set("page-too-large")),
        "page-1e9.pdf": Hostile(pdfs.page_of("0 0 1000000000 1000000000"), _set("page-too-large")),
        # A box without an area counts as none, which makes the page a letter.
        "page-0x0.pdf": Hostile(pdfs.page_of("0 0 0 0"), ok),
        "page-nan.pdf": Hostile(pdfs.page_of("0 0 nan inf"), ok),
        "page-2x2.pdf": Hostile(pdfs.page_of("0 0 2 2"), _set("page-too-small")),
        "page-thin.pdf": Hostile(pdfs.page_of("0 0 3 14400"), ok),
        "user-unit.pdf": Hostile(pdfs.page_of("0 0 200 200", "/UserUnit 1000000"), ok),
        # The page tree has one page, whatever its count says.
        "billion-pages.pdf": Hostile(pdfs.billion_pages(), ok),
        "many-pages.pdf": Hostile(pdfs.many_pages(), _set("too-many-pages")),
        "huge-image.pdf": Hostile(pdfs.huge_image(), _set("ok", "killed", "timeout")),
        "locked.pdf": Hostile(pdfs.plain("Behind a password", password="open-sesame"), _set("encrypted")),
        "huge.png": Hostile(pictures.png_bomb(), _set("page-too-large")),
        "liar.png": Hostile(pictures.png_liar(), _set("page-too-large")),
        "overfull.png": Hostile(pictures.png_overfull(), ok),
        "profile.png": Hostile(pictures.png_with(b"iCCP"), ok),
        "text.png": Hostile(pictures.png_with(b"zTXt"), ok),
        "text-after.png": Hostile(pictures.png_with(b"iTXt", after=True), ok),
        "tiff.png": Hostile(pictures.tiff(1), ok),
        "png.tiff": Hostile(pictures.encode(pictures.paper(), "PNG"), ok),
        "truncated.jpg": Hostile(pictures.encode(pictures.paper(), "JPEG")[:-300], _set("page-damaged")),
        "frames-2000.tiff": Hostile(pictures.tiff_of_directories(2000), _set("too-many-pages")),
        "loop.tiff": Hostile(pictures.tiff_loop(), ok),
        "tiles.tiff": Hostile(pictures.tiff_with_tiles(), _set("page-damaged", "killed")),
        "tiles-large.tiff": Hostile(pictures.tiff_with_tiles(1 << 14), _set("page-damaged", "killed")),
        "g3.tif": Hostile(pictures.tiff(2, "group3"), ok),
        "g4.tif": Hostile(pictures.tiff(2, "group4"), ok),
        "good.webp": Hostile(pictures.encode(pictures.paper(), "WEBP"), ok),
        "good.pdf": Hostile(pdfs.plain(), ok),
        "empty.pdf": Hostile(b"", _set("empty-file")),
        "noise.pdf": Hostile(b"%PDF-1.7\n" + bytes(range(256)) * 40, _set("damaged")),
        "words.pdf": Hostile(b"no document at all", _set("unsupported-format")),
    }
