"""The stream over a tar: what it gives, and how little of it is held."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from jobs.inspect.lint import tars
from jobs.inspect.lint.findings import Findings
from jobs.inspect.lint.tars import TarStream
from pipeline.shards.files import Store
from pipeline.shards.tar import SampleFacts, ShardBuilder

FACTS = SampleFacts(document="0" * 16, words=0, minhash=[0] * 64, phash=0)


@pytest.mark.parametrize("chunk", [512, 700, 4096, 1 << 22])
def test_members_and_hash_whatever_the_chunk(tmp_path: Path, monkeypatch: Any, chunk: int) -> None:
    monkeypatch.setattr(tars, "_CHUNK", chunk)
    builder = ShardBuilder()
    contents = {f"{i:016x}-00000": bytes([i]) * (600 * i) for i in range(6)}
    for key, data in contents.items():
        builder.add(key, [("jpg", data), ("json", b"{}")], FACTS)
    tar, _ = builder.finish()
    (tmp_path / "x.tar").write_bytes(tar)
    findings = Findings()
    stream = TarStream(Store(str(tmp_path)), "x.tar", findings)
    members = list(stream)
    assert [member.name for member in members] == [f"{key}.{ext}" for key in contents for ext in ("jpg", "json")]
    assert [member.data for member in members[::2]] == list(contents.values())
    assert all(tar[m.offset : m.offset + len(m.data)] == m.data for m in members)
    assert stream.finish() == hashlib.sha256(tar).hexdigest()
    assert findings.found == []


def test_an_empty_tar(tmp_path: Path) -> None:
    tar, _ = ShardBuilder().finish()
    (tmp_path / "x.tar").write_bytes(tar)
    findings = Findings()
    stream = TarStream(Store(str(tmp_path)), "x.tar", findings)
    assert list(stream) == []
    assert stream.finish() == hashlib.sha256(tar).hexdigest()
    assert findings.found == []


def test_a_member_above_the_limit_is_not_read(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tars, "MAX_MEMBER_BYTES", 1000)
    builder = ShardBuilder()
    builder.add("0" * 16 + "-00000", [("jpg", bytes(1001))], FACTS)
    (tmp_path / "x.tar").write_bytes(builder.finish()[0])
    findings = Findings()
    assert list(TarStream(Store(str(tmp_path)), "x.tar", findings)) == []
    assert [finding.code for finding in findings.found] == ["tar-read"]
