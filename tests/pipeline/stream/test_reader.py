"""Reading samples: the right variant, the right picture, and an error that names what is damaged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.prepare.picture import decode_picture
from pipeline.prepare.tia import from_npy
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.stream.cache import ShardCache
from pipeline.stream.reader import TrainReader
from schemas.sample import TimAction, TrainSample


def _stored(url: str) -> list[tuple[int, int, TrainSample, dict[str, bytes]]]:
    dataset = Dataset(url)
    return [
        (number, row, TrainSample.from_json(members["json"]), members)
        for number, shard in enumerate(dataset.shards())
        for row, (_, members) in enumerate(dataset.samples(shard))
    ]


def test_every_sample_in_every_variant(train_url: str) -> None:
    reader = TrainReader(train_url)
    assert reader.variants == 3
    assert sum(reader.samples) == 30
    seen = set()
    for shard, row, sample, members in _stored(train_url):
        covers = from_npy(members["tia.npy"])
        assert reader.key(shard, row) == sample.key
        for epoch in range(6):
            found = reader.example(shard, row, epoch)
            plan = sample.tim[epoch % 3]
            assert (found.key, found.epoch, found.action) == (sample.key, epoch, plan.action)
            assert np.array_equal(found.cover_L, covers[epoch % 3].astype(bool))
            assert found.ids_T.tolist() == sample.tokens.id
            assert found.box_T4.tolist() == [list(box) for box in sample.tokens.box]
            assert (found.word_T.tolist(), found.line_T.tolist()) == (sample.tokens.word, sample.tokens.line)
            assert found.line_box_L4.tolist() == [list(box) for box in sample.lines]
            assert not found.selected_T.any()
            if plan.action is TimAction.DROPPED:
                assert found.picture_SSC is None
            else:
                picture = decode_picture(members[plan.picture or "png"])
                assert found.picture_SSC is not None
                assert found.picture_SSC.shape == (224, 224, 3)
                assert np.array_equal(
                    found.picture_SSC, picture if picture.ndim == 3 else picture[:, :, None].repeat(3, 2)
                )
            seen.add((plan.action, found.picture_SSC is not None and bool(np.ptp(found.picture_SSC, axis=2).any())))
    # All three actions; grey and coloured pictures.
    assert seen >= {(TimAction.ALIGNED, True), (TimAction.ALIGNED, False), (TimAction.DROPPED, False)}
    assert TimAction.REPLACED in {action for action, _ in seen}


@pytest.fixture(scope="module")
def damaged(train_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the dataset to be damaged and mended again."""
    return Path(shutil.copytree(train_url, tmp_path_factory.mktemp("damaged") / "train"))


def _read_all(folder: Path) -> None:
    reader = TrainReader(str(folder))
    for shard, count in enumerate(reader.samples):
        for row in range(count):
            for epoch in range(reader.variants):
                reader.example(shard, row, epoch)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_of_a_member_is_named(damaged: Path, data: st.DataObject) -> None:
    """The picture's, too, where no variant shows it."""
    tar = damaged / "gen-0000" / "train-000001.tar"
    whole = tar.read_bytes()
    dataset = Dataset(str(damaged))
    shard = dataset.shards()[1]
    row = data.draw(st.sampled_from(dataset.index(shard).to_pylist()))
    member = data.draw(st.sampled_from(row["members"]))
    place = member["offset"] + data.draw(st.integers(0, member["size"] - 1))
    broken = bytearray(whole)
    broken[place] ^= 1 << data.draw(st.integers(0, 7))
    tar.write_bytes(broken)
    try:
        with pytest.raises(ValueError, match=rf"gen-0000/train-000001\.tar: .*\.{member['name']}: .*sha256"):
            _read_all(damaged)
    finally:
        tar.write_bytes(whole)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_tar_that_was_cut_anywhere_is_named(damaged: Path, data: st.DataObject) -> None:
    """At member boundaries too, where a tar reader sees a whole archive."""
    tar = damaged / "gen-0000" / "train-000002.tar"
    whole = tar.read_bytes()
    dataset = Dataset(str(damaged))
    last = max(
        m["offset"] + m["size"] for row in dataset.index(dataset.shards()[2]).to_pylist() for m in row["members"]
    )
    cut = data.draw(
        st.one_of(st.integers(0, last - 1), st.integers(0, (last - 1) // 512).map(lambda block: block * 512))
    )
    tar.write_bytes(whole[:cut])
    try:
        with pytest.raises(ValueError, match=r"gen-0000/train-000002\.tar"):
            _read_all(damaged)
    finally:
        tar.write_bytes(whole)


def test_a_missing_tar_and_a_damaged_index_are_named(damaged: Path) -> None:
    tar, index = (damaged / "gen-0000" / f"train-000003.{kind}" for kind in ("tar", "parquet"))
    for path, error in ((tar, OSError), (index, ValueError)):
        whole = path.read_bytes()
        if path is tar:
            path.unlink()
        else:
            path.write_bytes(whole[:-5])
        try:
            with pytest.raises(error, match=path.name):
                _read_all(damaged)
        finally:
            path.write_bytes(whole)
    _read_all(damaged)


def test_another_tokenizer_is_refused(damaged: Path) -> None:
    store = Store(str(damaged))
    whole = store.read(TOKENIZER_FILE)
    store.write(TOKENIZER_FILE, whole + b"\n")
    with pytest.raises(ValueError, match=r"tokenizer\.json is not what the dataset was made with"):
        _ = TrainReader(str(damaged)).tokenizer
    store.write(TOKENIZER_FILE, whole)
    assert TrainReader(str(damaged)).tokenizer == whole


def test_pages_are_no_training_dataset(shared_workshop: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a dataset of pages, expected one of train"):
        TrainReader(shared_workshop.pages_url)
    with pytest.raises(ValueError, match="no dataset at"):
        TrainReader(str(tmp_path))


def test_a_digest_pins_the_generations_of_its_day(workshop: Any) -> None:
    workshop.add(*(workshop.document(f"d{i}", 40) for i in range(6)))
    url = workshop.prepare()
    before = TrainReader(url)
    workshop.add(*(workshop.document(f"e{i}", 40) for i in range(3)))
    workshop.prepare()
    assert sum(TrainReader(url).samples) == 9
    pinned = TrainReader(url, before.digest)
    assert (pinned.samples, pinned.digest) == (before.samples, before.digest)
    with pytest.raises(ValueError, match="no generations of it add up to digest 0000"):
        TrainReader(url, "0" * 64)


@pytest.fixture
def remote(train_url: str) -> Iterator[str]:
    """The dataset behind a URL."""
    memory = fsspec.filesystem("memory")
    for path in Path(train_url).rglob("*"):
        if path.is_file():
            memory.pipe_file(f"/reader-tests/{path.relative_to(train_url)}", path.read_bytes())
    yield "memory://reader-tests"
    memory.rm("/reader-tests", recursive=True)


def _all(reader: TrainReader) -> list[Any]:
    places = [(shard, row, e) for shard, n in enumerate(reader.samples) for row in range(n) for e in range(3)]
    return [reader.example(*place) for place in places]


def _same(one: Any, other: Any) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)]
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


@pytest.mark.parametrize("limit", [None, 1, 400_000, 1 << 30])
def test_behind_a_url_all_is_the_same_with_any_cache(
    train_url: str, remote: str, tmp_path: Path, limit: int | None
) -> None:
    """None at all, too small for a shard, smaller than the dataset, larger."""
    cache = None if limit is None else ShardCache(tmp_path / "cache", limit)
    reader = TrainReader(remote, cache=cache)
    assert all(_same(a, b) for a, b in zip(_all(reader), _all(TrainReader(train_url)), strict=True))
    used = 0 if cache is None else cache.used()
    assert used <= (limit or 0)
    total = sum(shard.tar.size + shard.index.size for shard in reader.shards)
    assert (used == total) == (limit == 1 << 30)
    assert total > 400_000


def test_a_url_asks_for_what_a_sample_needs(remote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request for record, covers and picture; one more for a partner's picture; none for other variants' ones."""
    reader = TrainReader(remote)
    reader.example(1, 0, 0)  # opens index and tar
    asked: list[tuple[int, int]] = []
    read = Store.read_range
    monkeypatch.setattr(
        Store, "read_range", lambda self, name, at, size: asked.append((at, size)) or read(self, name, at, size)
    )
    for row in range(4):
        members = reader._index(1).members(row)
        for epoch in range(3):
            asked.clear()
            replaced = reader.example(1, row, epoch).action is TimAction.REPLACED
            sizes = [size for _, size in asked]
            span = members["tia.npy"].offset + members["tia.npy"].size - members["png"].offset + 512
            assert sizes == [span] + ([members[f"neg{epoch}.png"].size + 512] if replaced else [])


def test_a_damaged_copy_is_fetched_again(remote: str, train_url: str, tmp_path: Path) -> None:
    cache = ShardCache(tmp_path, 1 << 30)
    expected = TrainReader(train_url).example(1, 2, 0)
    TrainReader(remote, cache=cache).example(1, 2, 0)
    for change in (lambda data: data[:-512], lambda data: data[:3000] + b"damage" + data[3006:]):
        shard = TrainReader(remote).shards[1]
        copy = tmp_path / shard.tar.sha256
        copy.write_bytes(change(copy.read_bytes()))
        assert _same(TrainReader(remote, cache=cache).example(1, 2, 0), expected)
        assert len(copy.read_bytes()) == shard.tar.size


@pytest.mark.parametrize("limit", [None, 1 << 30])
def test_damage_behind_a_url_is_named_too(remote: str, tmp_path: Path, limit: int | None) -> None:
    cache = None if limit is None else ShardCache(tmp_path, limit)
    memory = fsspec.filesystem("memory")
    tar = "/reader-tests/gen-0000/train-000001.tar"
    whole = memory.cat_file(tar)
    for data in (whole[:-512], whole[:700] + b"x" + whole[701:]):
        memory.pipe_file(tar, data)
        with pytest.raises(ValueError, match=r"gen-0000/train-000001\.tar"):
            TrainReader(remote, cache=cache).example(1, 0, 0)
    memory.rm(tar)
    with pytest.raises(FileNotFoundError, match=r"train-000001\.tar"):
        TrainReader(remote, cache=cache).example(1, 0, 0)
