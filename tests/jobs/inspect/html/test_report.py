"""html: one file, nothing loaded, nothing obeyed."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

EVIL = "<script>alert('x')</script>"


class Tags(HTMLParser):
    """Every tag with its attributes, and the balance of tags."""

    VOID = frozenset({"meta", "input", "br", "rect", "image", "line", "use", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(path: Path) -> Tags:
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    assert tags.open == []
    return tags


@pytest.fixture
def page_report(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> Path:
    code, out, _ = inspect_cli("html", clean_pages, "--out", tmp_path / "report.html")
    assert code == 0
    assert out.startswith(str(tmp_path / "report.html"))
    return tmp_path / "report.html"


@pytest.fixture
def train_report(inspect_cli: Any, clean_train: Path, tmp_path: Path) -> Path:
    assert inspect_cli("html", clean_train, "--out", tmp_path / "report.html")[0] == 0
    return tmp_path / "report.html"


def test_words_are_escaped(page_report: Path) -> None:
    html = page_report.read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert any(EVIL in text for text in parsed(page_report).text)


@pytest.mark.parametrize("kind", ["page_report", "train_report"])
def test_nothing_is_loaded_and_nothing_runs(kind: str, request: pytest.FixtureRequest) -> None:
    tags = parsed(request.getfixturevalue(kind))
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in tags.tags}
    for _, attributes in tags.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/jpeg;base64,", "data:image/png;base64,"))
    policies = [
        a["content"] for tag, a in tags.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert "script-src" not in str(policies[0])  # default-src 'none' forbids every script


def test_every_page_with_its_overlay(page_report: Path) -> None:
    tags = parsed(page_report).tags
    articles = [attributes["id"] for tag, attributes in tags if tag == "article"]
    assert len(articles) == 9
    html = page_report.read_text()
    words = re.findall(r'<g class="words">(.*?)</g>', html)
    assert [part.count("<rect") for part in words] == [30, 24, 41, 25, 0, 33, 30, 28, 1]
    assert sum(part.count('class="weak"') for part in words) == 30
    lines = re.findall(r'<g class="lines">(.*?)</g>', html)
    assert [part.count("<rect") for part in lines] == [5, 4, 7, 5, 0, 6, 5, 5, 1]
    order = re.findall(r'<g class="order">(.*?)</g>', html, re.DOTALL)
    assert [part.count("<text") for part in order] == [5, 4, 7, 5, 6, 5, 5, 1]
    assert [part.count("<line") for part in order] == [4, 3, 6, 4, 5, 4, 4, 0]
    assert re.findall(r'<input class="toggle" type="checkbox" id="t-(\w+)"', html) == [
        "words",
        "lines",
        "order",
        "text",
    ]


def test_word_boxes_lie_where_the_record_says(page_report: Path) -> None:
    first = re.search(
        r'<g class="words"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', page_report.read_text()
    )
    assert first is not None
    # box 60, 40, 180, 62 of a picture of 240 x 320
    assert [float(value) for value in first.groups()] == [14.4, 12.8, 28.8, 7.0]


def test_pictures_are_whole_and_small(page_report: Path, train_report: Path) -> None:
    for report in (page_report, train_report):
        found = re.findall(r'href="data:image/(?:jpeg|png);base64,([^"]+)"', report.read_text())
        assert found
        for data in found:
            image = Image.open(io.BytesIO(base64.b64decode(data)))
            image.load()
            assert max(image.size) <= 900


def test_header_has_the_totals(page_report: Path) -> None:
    text = " ".join(" ".join(parsed(page_report).text).split())
    for part in ("9 pages", "5 documents", "212 words", "3 rejected", "3 duplicate files", "rejected: timeout"):
        assert part in text
    assert "gave up\\x1b[31m after 90 s" in text
    assert "picture_longest" in text


def test_each_variant_of_a_training_sample(train_report: Path) -> None:
    html = train_report.read_text()
    tags = parsed(train_report).tags
    assert sum(tag == "article" for tag, _ in tags) == 7
    chips = re.findall(r'<span class="chip (aligned|replaced|dropped)">', html)
    assert len(chips) == 28
    assert set(chips) == {"aligned", "replaced", "dropped"}
    uses = html.count("<use href=")
    assert uses == chips.count("aligned")
    assert html.count("<br>by ") == chips.count("replaced")


def test_samples_are_spread_over_routes(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    assert inspect_cli("html", clean_pages, "--out", tmp_path / "r.html", "--samples", 3)[0] == 0
    html = (tmp_path / "r.html").read_text()
    assert re.findall(r'<span class="chip (text-layer|ocr|mixed)">', html) == ["text-layer", "ocr", "mixed"]


def test_without_samples(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    assert inspect_cli("html", clean_pages, "--out", tmp_path / "r.html", "--samples", 0)[0] == 0
    assert not [tag for tag, _ in parsed(tmp_path / "r.html").tags if tag == "article"]


def test_an_empty_dataset(inspect_cli: Any, tmp_path: Path, writers: dict[str, Any]) -> None:
    writers["write_pages"](tmp_path / "d", [], [writers["unusable"]("locked", "")])
    assert inspect_cli("html", tmp_path / "d", "--out", tmp_path / "r.html")[0] == 0
    assert "encrypted" in " ".join(parsed(tmp_path / "r.html").text)


def test_same_dataset_same_bytes(inspect_cli: Any, clean_pages: Path, page_report: Path) -> None:
    before = page_report.read_bytes()
    assert inspect_cli("html", clean_pages, "--out", page_report)[0] == 0
    assert page_report.read_bytes() == before


def test_wrong_use(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    assert inspect_cli("html", clean_pages, "--samples", -1)[0] == 2
    code, _, err = inspect_cli("html", clean_pages, "--out", tmp_path / "no" / "r.html")
    assert code == 2
    assert "--out: there is no folder" in err
