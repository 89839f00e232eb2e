"""Where the truth of a page may lie."""

from __future__ import annotations

import pytest

from pipeline.scores.truths.find import Place, described, places


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("/d/letter.pdf", "/d/letter.pdf.truth.json"),
        ("/d/funsd/images/001.png", "/d/funsd/annotations/001.json"),
        ("/d/roor/images/001.png", "/d/roor/jsons/001.json"),
        ("/d/sroie/images/X1.jpg", "/d/sroie/boxes/X1.csv"),
        ("/d/sroie/img/X1.jpg", "/d/sroie/box/X1.txt"),
        ("/d/docbank/a.b_3_ori.jpg", "/d/docbank/a.b_3.txt"),
        ("s3://bucket/in/001.png", "s3://bucket/in/001.json"),
        ("s3://bucket/in/images/001.png", "s3://bucket/in/annotations/001.json"),
        ("/d/paper.pdf", "/d/paper.json"),
        ("/plain", "/plain.json"),
        ("/d/.hidden", "/d/.hidden.json"),
    ],
)
def test_beside_a_document(uri: str, place: str) -> None:
    assert Place(place, 4) in places(uri, 4)


@pytest.mark.parametrize(
    ("uri", "page"),
    [("/d/hrdoc/1808.1/7.png", 7), ("/d/hrdoc/1808.1/1808.1_12.jpg", 12)],
)
def test_a_picture_of_a_folder_of_pages(uri: str, page: int) -> None:
    assert Place("/d/hrdoc/1808.1.json", page) in places(uri, 0)
    assert Place("/t/1808.1.json", page) in places(uri, 0, ["/t"])


def test_named_folders_come_first_and_in_their_order() -> None:
    found = [place.uri for place in places("/d/001.png", 0, ["/b", "s3://a/"])]
    assert found[0] == "/b/001.png.truth.json"
    firsts = [next(i for i, uri in enumerate(found) if uri.startswith(folder)) for folder in ("/b/", "s3://a/", "/d/")]
    assert firsts == sorted(firsts)
    assert "/b/annotations/001.json" in found
    assert len(found) == len(set(found))


def test_nothing_lies_beside_the_member_of_a_tar() -> None:
    uri = "tar://scans/001.png::/d/all.tar"
    assert places(uri, 0) == []
    assert Place("/t/001.json", 0) in places(uri, 0, ["/t"])


def test_where_it_was_looked_is_said() -> None:
    text = described("/d/in/001.png", ["/t"])
    assert text.startswith("looked in /t and beside /d/in/001.png as 001.png.truth.json, 001.json, .txt or .csv")
    assert described("tar://001.png::/d/all.tar").startswith("looked nowhere as")
