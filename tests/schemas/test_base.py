"""What all records share: canonical JSON, digests, and a parser that trusts nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.base
from schemas.base import canonical_json, digest, sha256_hex
from schemas.dataset import Counts, DatasetInfo, UnitMarker
from schemas.page import Page
from schemas.truth import DocumentTruth

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain, max_size=5))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(turned)
    assert json.loads(canonical_json(value)) == value
    assert digest(value) == sha256_hex(canonical_json(value))


@given(plain, plain)
def test_different_values_have_different_digests(a: Any, b: Any) -> None:
    assert (digest(a) == digest(b)) == (json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True))


@given(st.binary(max_size=60))
def test_any_garbage_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^Page: ") as caught:
        Page.from_json(data)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"ok": 1}{}',
        b'{"ok": NaN}',
        b'{"ok": 1e999}',
        b'{"ok": "1"}',
        b'{"ok": true}',
        b'{"ok": 1.5}',
        b'{"ok": -1}',
        b'{"routes": {"\\ud800": 1}}',
        b'{"a\\nb\\u001b[2J": 1}',
        b'{"ok": ' + b"[" * 100_000,
        b'{"ok": ' + b"9" * 100_000 + b"}",
        b'\xff{"ok": 1}',
    ],
)
def test_faulty_json_is_refused_in_one_printable_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^Counts: ") as caught:
        Counts.from_json(data)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_fault_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"^DocumentTruth: pages\.0\.words\.0\.line: "):
        DocumentTruth.from_json(
            b'{"document_type": "x", "seed": 0, "text_layer": "none", "pages": '
            b'[{"words": [{"text": "a", "box": [0, 0, 1, 1], "line": -1}], "lines": []}]}'
        )


def test_json_without_end_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas.base, "MAX_JSON_BYTES", 10)
    with pytest.raises(ValueError, match="11 bytes of JSON, more than 10"):
        Counts.from_json(b" " * 11)


def test_records_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Counts().ok = 3  # type: ignore[misc]


def test_what_is_none_need_not_be_written() -> None:
    marker = UnitMarker(unit="inputs", shard=None, files=[], counts=Counts(rejected=1))
    assert UnitMarker.from_json(marker.to_json()) == marker
    assert b"null" not in marker.to_json()


def test_the_schema_of_another_version_is_refused() -> None:
    info = DatasetInfo(content="pages", generations=[], digest=digest([]), config={}, totals=Counts())
    with pytest.raises(ValueError, match="schema"):
        DatasetInfo.from_json(info.to_json().replace(b"dataset/1", b"dataset/2"))
