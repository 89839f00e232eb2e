"""A WordPiece vocabulary learnt from words and their counts, the same for the same counts.

The library's own WordPiece trainer numbers the pieces inside words in the order of a hash table, and ties between
merges are broken by number: two runs give two vocabularies. Here a character inside a word is another symbol
(shifted into a plane of private use) before plain byte-pair training sees it, so that every number follows from
the sorted alphabet; afterwards the shift becomes WordPiece's prefix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tokenizers import Tokenizer, models, trainers

from pipeline.prepare.tokenizer import PIECE, SPECIAL, UNK, normaliser, splitter, tokenizer_from_vocab

_SHIFT = 0x100000
_BASIC_PLANE = 0xFFFE  # what can be shifted; rarer characters are unknown tokens
_MAX_OCCURRENCES = 20_000_000  # more words than this teach a vocabulary nothing new: counts are scaled down
_MAX_LENGTH = 100  # characters of a word that WordPiece looks at


def check_vocab_size(vocab_size: int) -> None:
    """ValueError where a vocabulary of so many entries would hold hardly more than single characters."""
    least = len(SPECIAL) + 100
    if vocab_size < least:
        raise ValueError(f"vocab_size must be at least {least}, got {vocab_size}")


def train_tokenizer(words: Counter[str], vocab_size: int) -> bytes:
    """tokenizer.json of a WordPiece vocabulary of at most `vocab_size` entries learnt from `words`."""
    return train_on_parts(parts_of(words), vocab_size)


def parts_of(words: Mapping[str, int]) -> Counter[str]:
    """Words as the tokenizer will see them: normalised, split, without what is too long or rare to be learnt."""
    normalise, split = normaliser(), splitter()
    found: Counter[str] = Counter()
    for word, count in words.items():
        for part, _ in split.pre_tokenize_str(normalise.normalize_str(word)):
            if len(part) <= _MAX_LENGTH and all(ord(c) < _BASIC_PLANE for c in part):
                found[part] += count
    return found


def train_on_parts(parts: Mapping[str, int], vocab_size: int) -> bytes:
    """tokenizer.json of a vocabulary learnt from what `parts_of` gives."""
    check_vocab_size(vocab_size)
    symbols = Counter({part[0] + "".join(chr(ord(c) + _SHIFT) for c in part[1:]): n for part, n in parts.items()})
    if not symbols:
        raise ValueError("no words to learn a vocabulary from")
    alphabet = _alphabet(symbols, vocab_size // 2)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        show_progress=False,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(alphabet),
    )
    tokenizer = Tokenizer(models.BPE(unk_token=UNK))
    tokenizer.train_from_iterator(_repeated(symbols, alphabet), trainer)
    numbered = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    return tokenizer_from_vocab("\n".join(_piece(token) for token, _ in numbered))


def _alphabet(symbols: Counter[str], size: int) -> frozenset[str]:
    """The `size` most frequent characters; equal counts by code point."""
    counts: Counter[str] = Counter()
    for word, count in symbols.items():
        for character in word:
            counts[character] += count
    ranked = sorted(counts, key=lambda c: (-counts[c], c))
    return frozenset(ranked[:size])


def _repeated(symbols: Counter[str], alphabet: frozenset[str]) -> Iterator[list[str]]:
    scale = max(1, -(-symbols.total() // _MAX_OCCURRENCES))
    for word in sorted(symbols):
        if alphabet.issuperset(word):
            yield [word] * max(1, symbols[word] // scale)


def _piece(token: str) -> str:
    if token in SPECIAL:
        return token
    plain = "".join(chr(ord(c) - _SHIFT) if ord(c) >= _SHIFT else c for c in token)
    return PIECE + plain if ord(token[0]) >= _SHIFT else plain
