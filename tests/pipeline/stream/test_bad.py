"""Bad samples: an error, or an empty slot that is counted and named; a bad shard ends the run all the same."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
import torch

from pipeline.stream import PretrainStream, StreamLoader, TrainReader, make_spec
from pipeline.stream.bad import IN_A_ROW, OF_ANY, BadSamples, blank
from schemas.stream import StreamSpec, Tail


@pytest.fixture
def damaged(train_url: str, tmp_path: Path) -> tuple[str, str]:
    """(a dataset of which one sample's record is damaged, its key)."""
    url = shutil.copytree(train_url, tmp_path / "train")
    reader = TrainReader(str(url))
    member = reader._index(1).members(2)["json"]
    with (Path(url) / reader.shards[1].ref.tar).open("r+b") as file:
        file.seek(member.offset + 40)
        file.write(b"X")
    return str(url), reader.key(1, 2)


def _spec(url: str, **more: object) -> StreamSpec:
    return make_spec(url, 5, 6).model_copy(update={"lanes": 2, "window": 5, **more})


def test_a_bad_sample_is_an_error_that_names_it(damaged: tuple[str, str]) -> None:
    url, key = damaged
    with pytest.raises(ValueError, match=rf"gen-0000/train-000001\.tar: {key}\.json: .*sha256"):
        list(StreamLoader(PretrainStream(url, _spec(url)), 5))


def test_skipped_it_is_an_empty_slot_counted_and_named(train_url: str, damaged: tuple[str, str]) -> None:
    url, key = damaged
    good = list(StreamLoader(PretrainStream(train_url, _spec(train_url)), 5))
    loader = StreamLoader(PretrainStream(url, _spec(url), skip_bad=True), 5)
    found = list(loader)
    assert loader.skipped == 1
    assert [batch.keys for batch in found] == [batch.keys for batch in good]
    for batch, whole in zip(found, good, strict=True):
        bad = [i for i, name in enumerate(batch.keys) if name == key]
        assert batch.sample_weight.tolist() == [float(i not in bad) for i in range(6)]
        assert len(batch.skipped) == len(bad)
        rest = [i for i in range(6) if i not in bad]
        width = min(batch.input_ids.shape[1], whole.input_ids.shape[1])
        for name in ("input_ids", "mlm_labels", "tia_labels", "bbox"):
            assert torch.equal(getattr(batch, name)[rest, :width], getattr(whole, name)[rest, :width])
        assert torch.equal(batch.image[rest], whole.image[rest])
        if bad:
            (reason,) = batch.skipped
            assert reason.startswith(f"gen-0000/train-000001.tar: {key}.json: ")
            assert batch.attention_mask[bad].sum() == 2
            assert (batch.mlm_labels[bad] == -100).all()
            assert (batch.tia_labels[bad] == -100).all()


def test_a_bad_shard_ends_the_run_and_is_named(train_url: str, tmp_path: Path) -> None:
    url = str(shutil.copytree(train_url, tmp_path / "train"))
    tar = tmp_path / "train" / "gen-0000" / "train-000003.tar"
    tar.write_bytes(tar.read_bytes()[:-512])
    stream = PretrainStream(url, _spec(url), skip_bad=True)
    with pytest.raises(RuntimeError, match=rf"{url}/gen-0000/train-000003\.tar: {IN_A_ROW} bad samples in a row"):
        list(StreamLoader(stream, 1000))


def test_a_missing_shard_is_never_skipped(train_url: str, tmp_path: Path) -> None:
    url = str(shutil.copytree(train_url, tmp_path / "train"))
    (tmp_path / "train" / "gen-0000" / "train-000003.tar").unlink()
    with pytest.raises(FileNotFoundError, match=r"gen-0000/train-000003\.tar"):
        list(StreamLoader(PretrainStream(url, _spec(url), skip_bad=True), 1000))


def test_bad_samples_of_many_shards_end_the_run() -> None:
    watcher = BadSamples()

    def reads(shard: str) -> None:
        with watcher.watching(shard):
            raise ValueError("damaged")

    for number in range(OF_ANY - 1):
        reads(f"s{number}")
    with pytest.raises(RuntimeError, match=rf"last: {OF_ANY} bad samples in a row"):
        reads("last")


def test_a_good_sample_between_them_ends_a_row() -> None:
    watcher = BadSamples()
    for number in range(5 * IN_A_ROW):
        with watcher.watching("a") as found:
            if number % IN_A_ROW:
                raise ValueError("damaged\nhere")
        assert found.reason == ("damaged here" if number % IN_A_ROW else "")
        with watcher.watching("b"):
            pass


@pytest.mark.parametrize("error", [OSError(errno.EIO, "store"), ConnectionError("lost"), OSError(errno.EMFILE, "many")])
def test_what_fails_around_a_sample_is_never_skipped(error: OSError) -> None:
    with pytest.raises(OSError, match=str(error.args[-1])), BadSamples().watching("a"):
        raise error


def test_what_is_our_own_fault_is_never_skipped() -> None:
    for kind in (KeyError, TypeError, AssertionError, MemoryError):
        with pytest.raises(kind), BadSamples().watching("a"):
            raise kind("x")


def test_a_padded_tail_is_slots_of_no_weight(train_url: str) -> None:
    stream = PretrainStream(train_url, make_spec(train_url, 0, 8, tail=Tail.PAD))
    batches = list(StreamLoader(stream, 8))  # 30 samples: four batches an epoch, two slots empty
    weights = torch.cat([batch.sample_weight for batch in batches])
    keys = [key for batch in batches for key in batch.keys]
    assert (weights == 0).nonzero().ravel().tolist() == [30, 31, 62, 63]
    assert [keys[i] for i in (30, 31, 62, 63)] == [""] * 4
    assert sorted(keys[:30]) == sorted(keys[32:62])
    assert stream.plan(3) == (batches[3].positions, batches[3].keys)
    assert not any(batch.skipped for batch in batches)


def test_a_blank_has_nothing() -> None:
    example = blank("k")
    assert (example.key, example.weight, len(example.ids_T)) == ("k", 0.0, 0)
