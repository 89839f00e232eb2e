"""The tokenizer: BERT's behaviour, what it refuses, and which word each token is of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.implementations import BertWordPieceTokenizer

from pipeline.prepare import PageTokenizer, load_tokenizer, tokenizer_from_vocab
from pipeline.prepare.tokenizer import SPECIAL

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
VOCABULARY = [
    *SPECIAL,
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *("in", "##voice", "invoice", "total", "cafe", "##s", "[", "]", "#", "$", ".", ",", "mask", "\u4e2d", "\u20ac"),
]


def _vocabulary(tokens: list[str]) -> list[str]:
    return list(dict.fromkeys(tokens))


def _load(tokens: list[str]) -> PageTokenizer:
    return load_tokenizer(tokenizer_from_vocab("\n".join(_vocabulary(tokens)) + "\n"))


@pytest.fixture(scope="module")
def tokenizer() -> PageTokenizer:
    return _load(VOCABULARY)


@pytest.fixture(scope="module")
def changed() -> Any:
    """tokenizer.json as a dictionary, to be changed and loaded."""
    return json.loads(tokenizer_from_vocab("\n".join(_vocabulary(VOCABULARY))))


def _texts(tokenizer: PageTokenizer, *words: str) -> list[str]:
    return [tokenizer.token(number) for number in tokenizer.encode(words)[0]]


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("invoice", ["invoice"]),
        ("INVOICES", ["invoice", "##s"]),  # lower case, then the longest piece first
        ("Caf\u00e9s", ["cafe", "##s"]),  # accents go
        ("cafe\u0301", ["cafe"]),  # combining ones too
        ("total:$5.00", ["total", "[UNK]", "$", "5", ".", "0", "##0"]),  # punctuation stands alone
        ("\u4e2dab", ["\u4e2d", "a", "##b"]),  # CJK characters too
        ("5\u20ac", ["[UNK]"]),  # a word of which a piece is missing is unknown as a whole
        ("a" * 100, ["a", *["##a"] * 99]),
        ("a" * 101, ["[UNK]"]),  # WordPiece gives up on long words
        ("\u200b\u00ad", []),  # nothing is left of it
    ],
)
def test_pieces_are_berts(tokenizer: PageTokenizer, word: str, pieces: list[str]) -> None:
    assert _texts(tokenizer, word) == pieces


def test_tokens_name_their_words(tokenizer: PageTokenizer) -> None:
    assert tokenizer.encode([]) == ([], [])
    numbers, words = tokenizer.encode(["Invoices", "\u200b", "in.", "5"])
    assert [tokenizer.token(number) for number in numbers] == ["invoice", "##s", "in", ".", "5"]
    assert words == [0, 0, 2, 2, 3]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=12), max_size=8
    )
)
def test_any_words_are_encoded_as_by_the_librarys_bert(words: list[str]) -> None:
    """Each by itself, too: a token depends on its word alone."""
    mine = _load(VOCABULARY)
    bert = BertWordPieceTokenizer({token: i for i, token in enumerate(_vocabulary(VOCABULARY))}, lowercase=True)
    numbers, owners = mine.encode(words)
    expected = [
        (number, i) for i, word in enumerate(words) for number in bert.encode(word, add_special_tokens=False).ids
    ]
    assert list(zip(numbers, owners, strict=True)) == expected


@pytest.mark.parametrize("word", SPECIAL)
def test_a_page_that_says_a_special_token_has_none(tokenizer: PageTokenizer, word: str) -> None:
    special = {tokenizer.pad, tokenizer.cls, tokenizer.sep, tokenizer.mask}
    numbers, words = tokenizer.encode(["in", word, f"a{word}b"])
    assert not special & set(numbers)
    assert set(words) == {0, 1, 2}


def test_numbers_are_the_lines_of_the_vocabulary(tokenizer: PageTokenizer) -> None:
    assert tokenizer.vocabulary() == _vocabulary(VOCABULARY)
    assert tokenizer.vocab_size == len(_vocabulary(VOCABULARY))
    assert [tokenizer.token(i) for i in (tokenizer.pad, tokenizer.cls, tokenizer.sep, tokenizer.mask)] == [
        "[PAD]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_vocab_txt_is_split_at_line_ends_alone(end: str) -> None:
    tokens = [*SPECIAL, "a", "\u2028", "\u0085", "b"]  # as in multilingual vocabularies
    assert load_tokenizer(tokenizer_from_vocab(end.join(tokens) + end)).vocabulary() == tokens


def test_same_vocabulary_same_bytes() -> None:
    text = "\n".join(VOCABULARY[:20])
    assert tokenizer_from_vocab(text) == tokenizer_from_vocab(text)
    assert load_tokenizer(tokenizer_from_vocab(text)).digest == load_tokenizer(tokenizer_from_vocab(text)).digest


def test_a_vocabulary_without_special_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lacks \[CLS\], \[MASK\]"):
        tokenizer_from_vocab("[PAD]\n[UNK]\n[SEP]\na")
    with pytest.raises(ValueError, match="twice"):
        tokenizer_from_vocab("\n".join([*SPECIAL, "a", "a"]))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"hello", b"\xff\xfe", b'{"version": "1.0", "model": 3}'])
def test_what_is_no_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a tokenizer"):
        load_tokenizer(data)


def test_a_tokenizer_without_special_tokens_is_refused(changed: Any) -> None:
    added = [token for token in changed["added_tokens"] if token["content"] != "[MASK]"]
    vocabulary = {("[mask]" if k == "[MASK]" else k): v for k, v in changed["model"]["vocab"].items()}
    changed = {**changed, "added_tokens": added, "model": {**changed["model"], "vocab": vocabulary}}
    with pytest.raises(ValueError, match=r"lacks \[MASK\]"):
        load_tokenizer(json.dumps(changed).encode())


def test_numbers_with_a_gap_are_refused(changed: Any) -> None:
    """They would reach beyond the embedding of as many entries as there are tokens."""
    model = {**changed["model"], "vocab": {**changed["model"]["vocab"], "total": 5000}}
    with pytest.raises(ValueError, match="without a gap"):
        load_tokenizer(json.dumps({**changed, "model": model}).encode())


def test_a_stored_limit_does_not_cut_pages(changed: Any) -> None:
    limits = {
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
    }
    limited = load_tokenizer(json.dumps({**changed, **limits}).encode())
    assert len(limited.encode(["in"] * 20)[0]) == 20
    assert len(limited.encode(["in"])[0]) == 1
