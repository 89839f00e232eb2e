"""Words and truth of a document, by the real child."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from pipeline.beside import Beside
from pipeline.limited import PageError
from pipeline.pages import Limits
from schemas.manifest import Reason
from schemas.truth import DocumentTruth, PageTruth, TruthWord

PAGES = [
    PageTruth(words=[TruthWord(text="one", box=(1, 2, 3, 4), line=0)], lines=[(1, 2, 3, 4)]),
    PageTruth(words=[], lines=[]),
]
TRUTH = DocumentTruth(document_type="letter", seed=1, text_layer="none", pages=PAGES).to_json()
WORDS = json.dumps(
    {"pages": [{"text": ["two words"], "bbox": [[0.1, 0.2, 0.8, 0.1]]}, {"text": [], "bbox": []}]}
).encode()


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with Beside(Limits().for_pages) as made:
        yield made


def child_of(beside: Beside) -> int:
    pid = beside._process.pid
    assert pid is not None
    return pid


def test_pages_come_one_by_one(beside: Beside) -> None:
    beside.take(WORDS, TRUTH, 2)
    assert [beside.truth(0), beside.truth(1)] == PAGES
    first, second = beside.words(0), beside.words(1)
    assert first is not None
    assert second is not None
    assert (first.text, len(second)) == (["two", "words"], 0)
    np.testing.assert_allclose(first.box[:, [1, 3]], [[0.2, 0.3], [0.2, 0.3]])


def test_a_document_with_nothing_beside_it_starts_nothing() -> None:
    with Beside(Limits().for_pages) as fresh:
        fresh.take(None, None, 3)
        assert (fresh.words(0), fresh.truth(0)) == (None, None)
        assert fresh._process.pid is None


def test_nothing_of_the_last_document_is_left(beside: Beside) -> None:
    beside.take(WORDS, TRUTH, 2)
    beside.take(None, TRUTH, 2)
    assert (beside.words(0), beside.truth(0)) == (None, PAGES[0])
    beside.take(WORDS, None, 2)
    assert beside.truth(0) is None
    assert beside.words(0) is not None


def test_words_of_an_unknown_layout_are_none(beside: Beside) -> None:
    beside.take(b'{"something": "else"}', None, 2)
    assert beside.words(0) is None


@pytest.mark.parametrize(
    ("words", "truth", "reason", "detail"),
    [
        (None, b"{}", Reason.BAD_TRUTH, "DocumentTruth: document_type"),
        (None, b"\xff", Reason.BAD_TRUTH, "DocumentTruth"),
        (None, TRUTH.replace(b'"line":0', b'"line":9'), Reason.BAD_TRUTH, "beyond"),
        (b'{"pages": [{"text": ["x"], "bbox": [[1]]}]}', None, Reason.BAD_WORDS, "four finite numbers"),
    ],
)
def test_what_is_bad_has_a_reason_and_the_next_document_is_fine(
    beside: Beside, words: bytes | None, truth: bytes | None, reason: Reason, detail: str
) -> None:
    with pytest.raises(PageError, match=detail) as caught:
        beside.take(words, truth, 2 if words is None else 1)
    assert caught.value.reason is reason
    beside.take(WORDS, TRUTH, 2)
    assert beside.truth(0) == PAGES[0]


@pytest.mark.parametrize(("words", "truth"), [(WORDS, None), (None, TRUTH)])
def test_another_number_of_pages_is_refused(beside: Beside, words: bytes | None, truth: bytes | None) -> None:
    with pytest.raises(PageError, match="of 2 pages for a (document|file) of 3"):
        beside.take(words, truth, 3)


def test_a_child_that_is_killed_is_replaced_and_knows_it_all_again(beside: Beside) -> None:
    beside.take(WORDS, TRUTH, 2)
    os.kill(child_of(beside), signal.SIGKILL)
    while psutil.pid_exists(child_of(beside)) and psutil.Process(child_of(beside)).status() != "zombie":
        time.sleep(0.01)
    assert beside.truth(0) == PAGES[0]
    assert beside.words(0) is not None


def test_a_bomb_ends_within_its_limits() -> None:
    """Sixteen megabytes of JSON that take gigabytes when they are parsed."""
    bomb = b'{"pages": [{"words": [' + b"[]," * 5_000_000 + b"[]]}]}"
    with Beside(Limits(address_space=512 * 1024**2, cpu_seconds=20, wall_seconds=60).for_pages) as small:
        with pytest.raises(PageError) as caught:
            small.take(bomb, None, 1)
        assert caught.value.reason in (Reason.KILLED, Reason.BAD_WORDS, Reason.TIMEOUT)
        small.take(None, TRUTH, 2)
        assert small.truth(1) == PAGES[1]
