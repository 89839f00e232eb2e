"""Sets of keys hold what was put in, in whatever order and portions, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.seen import Keys, KeySet, keys_of, keys_of_hashes, keys_of_inputs
from schemas.base import sha256_hex

# Few different bytes, zeros among them: keys that are equal but for what stands at their end.
KEY = st.binary(min_size=16, max_size=16) | st.lists(st.sampled_from([0, 1, 255]), min_size=16, max_size=16).map(bytes)
TAIL = st.integers(0, 16).map(lambda zeros: b"\1" * (16 - zeros) + b"\0" * zeros)
KEYS = st.lists(KEY | TAIL, max_size=12)


def as_array(keys: list[bytes]) -> Keys:
    return np.frombuffer(b"".join(keys), dtype="S16")


@given(st.lists(KEYS, max_size=12), KEYS)
def test_any_keys_in_any_portions_are_those_of_a_plain_set(portions: list[list[bytes]], asked: list[bytes]) -> None:
    made, plain = KeySet(), set[bytes]()
    for portion in portions:
        made.add(as_array(portion))
        plain.update(portion)
        wanted = [*asked, *portion]
        assert made.has(as_array(wanted)).tolist() == [key in plain for key in wanted]
        assert len(plain) <= len(made)
    wanted = sorted(plain)
    assert made.has(as_array(wanted)).all()
    assert made.has(as_array([])).tolist() == []


def test_a_set_takes_little_more_than_its_keys() -> None:
    """Whatever the portions: the runs are few, and what is added again is not kept again and again."""
    made, random = KeySet(), np.random.default_rng(0)
    portions = [random.bytes(16 * size) for size in (1, 1, 700, 3, 5000, 1, 1024, 1024, 2)]
    for data in [*portions, *portions, *portions]:
        made.add(np.frombuffer(data, dtype="S16"))
    keys = sum(len(data) // 16 for data in portions)
    assert keys <= len(made) <= 2 * keys
    assert len(made._runs) <= 14  # each more than twice as long as the next


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=8, unique=True))
def test_other_names_have_other_keys(names: list[tuple[str, str]]) -> None:
    plain = [name for name in names if "\0" not in "".join(name)]  # which no path holds
    keys = keys_of(plain)
    assert len({key.tobytes() for key in keys.view(np.uint8).reshape(-1, 16)}) == len(plain)


def test_keys_of_inputs_tell_what_cannot_be_read_from_what_can() -> None:
    sha256 = sha256_hex(b"x")
    keys = keys_of_inputs(["/a", "/a", "/b", "/a"], [sha256, None, sha256, sha256])
    assert len(set(keys.tolist())) == 3
    assert keys[0] == keys[3]
    with pytest.raises(ValueError, match="zip"):
        keys_of_inputs(["/a"], [])


def test_keys_of_hashes_are_their_beginnings() -> None:
    hashes = ["00" * 32, "ff" * 16 + "00" * 16, "ab" * 15 + "00" + "cd" * 16]
    assert keys_of_hashes(hashes).tobytes() == b"".join(bytes.fromhex(sha256)[:16] for sha256 in hashes)
    assert len(keys_of_hashes([])) == 0
