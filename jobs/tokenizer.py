"""pagemill tokenizer: a WordPiece vocabulary from page shards, or from a BERT vocabulary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.cluster.counting import count_parts
from jobs.cluster.failures import plain_failures
from jobs.cluster.session import session
from jobs.command import check_workers, require_lasting, require_local, run_command
from pipeline.prepare import PageTokenizer, check_vocab_size, load_tokenizer, tokenizer_from_vocab, train_on_parts
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import write_atomic


def tokenizer(
    pages: Annotated[str, typer.Argument(help="A dataset of pages.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Where tokenizer.json goes.", show_default=False)],
    vocab_size: Annotated[int, typer.Option(help="Entries of the vocabulary.")] = 30_522,
    source: Annotated[
        Path | None, typer.Option("--from", help="Take a BERT vocab.txt or tokenizer.json instead of learning one.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Workers; default: all CPUs.")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")] = None,
) -> None:
    """Make the tokenizer: WordPiece with BERT's uncased normalisation."""
    check_workers(workers)
    require_local("--out", out, "file")
    require_lasting("--out", out)
    if out.is_dir():
        raise ValueError(f"{out} is a folder, expected the name of a file")
    if source is not None:
        data = _taken(source)
    else:
        check_vocab_size(vocab_size)
        dataset = Dataset(pages).require("pages")
        with session(address, workers) as cpus, plain_failures("counting words"):
            data = train_on_parts(count_parts(dataset, workers or cpus), vocab_size)
    made = load_tokenizer(data)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, data)
    print(summary(made, out))
    if source is None and made.vocab_size < vocab_size:
        print(f"note: the pages hold no more than {made.vocab_size} entries, asked for {vocab_size}", file=sys.stderr)


def summary(made: PageTokenizer, out: Path) -> str:
    """One line about a tokenizer."""
    return f"{out}: {made.vocab_size} entries, digest {made.digest[:16]}"


def _taken(source: Path) -> bytes:
    if not source.is_file():
        raise ValueError(f"no such file: {str(source)!r}")
    data = source.read_bytes()
    if source.suffix == ".json":
        return data
    try:
        return tokenizer_from_vocab(data.decode())
    except UnicodeDecodeError:
        raise ValueError(f"{source} is no text: expected a vocab.txt or a tokenizer.json") from None


if __name__ == "__main__":
    run_command(tokenizer)
