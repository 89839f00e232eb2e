"""Preparation: page shards to training shards. Cheap beside ingestion, made again for another tokenizer or seed."""

from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.directory import look_at, plan_table
from pipeline.prepare.tokenizer import PageTokenizer, load_tokenizer, tokenizer_from_vocab
from pipeline.prepare.unit import Pages, PrepareWorker
from pipeline.prepare.vocabulary import check_vocab_size, parts_of, train_on_parts, train_tokenizer

__all__ = [
    "PageTokenizer",
    "Pages",
    "PrepareConfig",
    "PrepareWorker",
    "check_vocab_size",
    "load_tokenizer",
    "look_at",
    "parts_of",
    "plan_table",
    "tokenizer_from_vocab",
    "train_on_parts",
    "train_tokenizer",
]
