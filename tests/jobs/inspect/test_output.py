"""Text of documents on a terminal, and URIs in reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.inspect.output import number, plain, shareable, uri_tail

ANY = st.text(st.characters())  # with surrogates, controls and what turns the direction of text


@given(ANY)
def test_whatever_a_document_says_is_printable(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    shown.encode()
    if text.isprintable():
        assert shown == text


@given(ANY, st.integers(4, 50))
def test_a_limit_holds(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit


@pytest.mark.parametrize(
    ("uri", "shown", "tail"),
    [
        ("/data/a/b.pdf", "/data/a/b.pdf", "a/b.pdf"),
        ("b.pdf", "b.pdf", "b.pdf"),
        ("s3://bucket/a/b.pdf", "s3://bucket/a/b.pdf", "a/b.pdf"),
        ("https://u:secret@host/a/b.pdf?X-Sig=secret#secret", "https://host/a/b.pdf", "a/b.pdf"),
        ("https://host:443/b.pdf?token=secret", "https://host:443/b.pdf", "host:443/b.pdf"),
        ("https://[bad/b.pdf?token=secret", "https://[bad/b.pdf", "[bad/b.pdf"),
        (
            "tar://x#1.pdf::https://u:secret@host/a.tar?k=secret",
            "tar://x#1.pdf::https://host/a.tar",
            "x#1.pdf::host/a.tar",
        ),
        ("tar://a@b.pdf::s3://key:se::cret@b/a.tar", "tar://a@b.pdf::s3://b/a.tar", "a@b.pdf::b/a.tar"),
        ("https://h/a.pdf?sig=x::secret", "https://h/a.pdf", "h/a.pdf"),
        ("simplecache::https://u:secret@h/a.pdf?k=a::b", "simplecache::https://h/a.pdf", "simplecache::h/a.pdf"),
        ("tar://a?b.pdf::/data/a.tar", "tar://a?b.pdf::/data/a.tar", "a?b.pdf::data/a.tar"),
        ("/data/\x1b[31m.pdf", "/data/\\x1b[31m.pdf", "data/\\x1b[31m.pdf"),
    ],
)
def test_uris(uri: str, shown: str, tail: str) -> None:
    assert shareable(uri) == shown
    assert uri_tail(uri) == tail


@given(ANY)
def test_any_uri_can_be_shown(uri: str) -> None:
    assert shareable(uri).isprintable()
    assert uri_tail(uri).isprintable()


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "3"), (12345, "12,345"), (0.98765, "0.988"), (12.34, "12.3"), (1e6 + 0.5, "1,000,000")]
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown
