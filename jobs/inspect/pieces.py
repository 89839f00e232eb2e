"""Tokens of a training sample as text again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pipeline.prepare.tokenizer import PIECE, PageTokenizer, load_tokenizer
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.dataset import Dataset
from schemas.sample import TrainSample


def dataset_tokenizer(dataset: Dataset) -> PageTokenizer:
    """The tokenizer of a training dataset; ValueError where it is another one than configured."""
    tokenizer = load_tokenizer(dataset.store.read(TOKENIZER_FILE))
    if tokenizer.digest != dataset.info.config.get("tokenizer"):
        raise ValueError(f"{dataset.store.url}: {TOKENIZER_FILE} is not the one its samples were made with")
    return tokenizer


def sample_lines(tokenizer: PageTokenizer, sample: TrainSample) -> Iterator[tuple[int, str]]:
    """(line, its text as the model reads it) of every line that has a token."""
    tokens = sample.tokens
    for line, run in groupby(range(len(tokens.id)), key=lambda i: tokens.line[i]):
        words = groupby(run, key=lambda i: tokens.word[i])
        yield line, " ".join("".join(_piece(tokenizer, tokens.id[i]) for i in word) for _, word in words)


def _piece(tokenizer: PageTokenizer, number: int) -> str:
    return tokenizer.token(number).removeprefix(PIECE)
