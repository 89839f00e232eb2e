"""WordPiece with BERT's uncased normalisation, from a tokenizer.json or a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from schemas.base import sha256_hex

PAD, UNK, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PAD, UNK, CLS, SEP, MASK)
PIECE = "##"


@dataclass(frozen=True)
class PageTokenizer:
    """A tokenizer with its digest and special tokens."""

    digest: str
    vocab_size: int
    pad: int
    cls: int
    sep: int
    mask: int
    _tokenizer: Any

    def encode(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
        """(token ids, index of the word of each token), without special tokens. A word may have no token."""
        if not words:
            return [], []
        encoding = self._tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)
        return list(encoding.ids), list(encoding.word_ids)

    def token(self, number: int) -> str:
        """Text of a token."""
        return str(self._tokenizer.id_to_token(number))

    def vocabulary(self) -> list[str]:
        """All tokens in the order of their numbers: the lines of a BERT vocab.txt."""
        return [self.token(i) for i in range(self.vocab_size)]


def load_tokenizer(data: bytes) -> PageTokenizer:
    """From the bytes of a tokenizer.json; ValueError where it is none or lacks a special token."""
    try:
        tokenizer = Tokenizer.from_buffer(data)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception
        raise ValueError(f"not a tokenizer.json: {error}") from None
    found = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    numbers = {token: number for token, number in found.items() if number is not None}
    missing = sorted(set(SPECIAL) - set(numbers))
    if missing:
        raise ValueError(f"the tokenizer lacks {', '.join(missing)}")
    size = tokenizer.get_vocab_size()
    if set(tokenizer.get_vocab().values()) != set(range(size)):
        raise ValueError(f"the tokenizer does not number its {size} tokens from 0 without a gap")
    # A stored limit would cut pages short, and a page that says "[MASK]" has no masked word.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return PageTokenizer(
        digest=sha256_hex(data),
        vocab_size=size,
        pad=numbers[PAD],
        cls=numbers[CLS],
        sep=numbers[SEP],
        mask=numbers[MASK],
        _tokenizer=tokenizer,
    )


def tokenizer_from_vocab(text: str) -> bytes:
    """tokenizer.json from the text of a BERT vocab.txt: one token a line."""
    # Not splitlines(): some vocabularies hold line separators as tokens.
    tokens = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    missing = sorted(set(SPECIAL) - set(tokens))
    if missing:
        raise ValueError(f"the vocabulary lacks {', '.join(missing)}")
    vocabulary = {token: number for number, token in enumerate(tokens)}
    if len(vocabulary) != len(tokens):
        raise ValueError("the vocabulary names a token twice")
    tokenizer = _empty(models.WordPiece(vocab=vocabulary, unk_token=UNK, max_input_chars_per_word=100))
    tokenizer.add_special_tokens(list(SPECIAL))
    return _dump(tokenizer)


def normaliser() -> Any:
    """BERT's uncased normalisation: lower case, no accents, CJK characters apart."""
    return normalizers.BertNormalizer(lowercase=True)


def splitter() -> Any:
    """BERT's split at white space and punctuation."""
    return pre_tokenizers.BertPreTokenizer()


def _empty(model: Any) -> Any:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normaliser()
    tokenizer.pre_tokenizer = splitter()
    tokenizer.decoder = decoders.WordPiece(prefix=PIECE)
    return tokenizer


def _dump(tokenizer: Any) -> bytes:
    text: str = tokenizer.to_str(pretty=True)
    return text.encode()
