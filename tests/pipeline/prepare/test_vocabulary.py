"""The learnt vocabulary: the same for the same counts, and one that knows what it learnt from."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.prepare import load_tokenizer, parts_of, train_on_parts, train_tokenizer
from pipeline.prepare.tokenizer import SPECIAL

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """
import random, sys
from collections import Counter
from pipeline.prepare import train_tokenizer
rng = random.Random(3)
words = ["".join(rng.choice("abcdefghijk") for _ in range(rng.randint(1, 9))) for _ in range(3000)]
words = list(dict.fromkeys(words))
counts = {word: rng.randint(1, 6) for word in words}
order = list(set(words))  # another order with another hash seed
sys.stdout.buffer.write(train_tokenizer(Counter({word: counts[word] for word in order}), 700))
"""


def _train(seed: str, threads: str) -> bytes:
    env = {**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, check=True, timeout=60
    )
    return done.stdout


def test_two_processes_learn_the_same_bytes() -> None:
    """Many ties between merges, words in another order, hash tables seeded otherwise, one thread or two."""
    one, two, again = _train("1", "1"), _train("2", "2"), _train("2", "2")
    assert load_tokenizer(one).vocab_size == 700
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(two).hexdigest() == hashlib.sha256(again).hexdigest()


def _counts() -> Counter[str]:
    return Counter({"Invoice": 50, "invoices": 30, "voice": 20, "total": 40, "totals,": 9, "5.00": 12, "na\u00efve": 3})


def test_what_was_learnt_is_known() -> None:
    tokenizer = load_tokenizer(train_tokenizer(_counts(), 200))
    texts = [tokenizer.token(i) for i in tokenizer.encode(["INVOICE", "voice", "total", "Naive"])[0]]
    assert texts[:3] == ["invoice", "voice", "total"]
    assert "".join(text.removeprefix("##") for text in texts[3:]) == "naive"
    unknown = tokenizer.encode(list(_counts()))[0].count(1)
    assert unknown == 0
    assert tokenizer.vocabulary()[:5] == list(SPECIAL)
    assert len(set(tokenizer.vocabulary())) == tokenizer.vocab_size <= 200


def test_the_size_is_a_limit() -> None:
    words = Counter({f"{a}{b}{c}": 3 for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"})
    for size in (105, 130, 160):
        assert load_tokenizer(train_tokenizer(words, size)).vocab_size <= size
    assert load_tokenizer(train_tokenizer(words, 130)).vocab_size == 130


def test_characters_that_are_too_rare_or_too_far_out_do_no_harm() -> None:
    words = _counts() + Counter({"\U0001f600": 5, "total\U0001f600": 5, "\U0010fffd": 2, "a" * 150: 9, "[MASK]": 3})
    words.update({chr(0x4E00 + i): 1 for i in range(400)})
    tokenizer = load_tokenizer(train_tokenizer(words, 200))
    assert tokenizer.vocab_size <= 200
    assert tokenizer.encode(["total\U0001f600"])[0] == [1]
    assert tokenizer.mask not in tokenizer.encode(["[MASK]"])[0]


def test_what_cannot_be_learnt_from_is_refused() -> None:
    with pytest.raises(ValueError, match="vocab_size must be at least 105, got 104"):
        train_tokenizer(_counts(), 104)
    for nothing in (Counter(), Counter({"\u200b": 4})):
        with pytest.raises(ValueError, match="no words"):
            train_tokenizer(nothing, 1000)


@given(st.lists(st.dictionaries(st.text(max_size=6), st.integers(1, 5), max_size=8), max_size=4))
def test_parts_of_any_shards_add_up_to_those_of_all(shards: list[dict[str, int]]) -> None:
    apart, together = Counter[str](), Counter[str]()
    for shard in shards:
        apart += parts_of(shard)
        together.update(shard)
    assert apart == parts_of(together)


def test_parts_are_what_the_tokenizer_sees() -> None:
    assert parts_of({"Sum,": 2, "(sum)": 1, "SÜM": 1, "日本語だ": 3, "x" * 101: 9, "\U0001f600": 9}) == {
        "sum": 4, ",": 2, "(": 1, ")": 1, "日": 3, "本": 3, "語": 3, "た": 3,
    }  # fmt: skip
    assert train_on_parts(parts_of(_counts()), 200) == train_tokenizer(_counts(), 200)
