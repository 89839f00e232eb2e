"""pagemill prepare: page shards to training shards."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.cluster.prepare import prepare as run_prepare
from jobs.command import check_workers, require_lasting, run_command
from jobs.ingest import summary
from pipeline.prepare import Pages, PrepareConfig, load_tokenizer
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from schemas.dataset import DATASET_FILE, DatasetInfo

_EPOCHS = 5  # of the paper's base model


class Side(StrEnum):
    """The sides of a held-out split."""

    TRAIN = "train"
    HELD_OUT = "held-out"


def prepare(
    pages: Annotated[str, typer.Argument(help="A dataset of pages.", show_default=False)],
    out: Annotated[str, typer.Option(help="The training dataset: a folder or an fsspec URL.", show_default=False)],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of `pagemill tokenizer`.", show_default=False)],
    epochs: Annotated[int, typer.Option(help="Epochs that are planned.")] = _EPOCHS,
    variants: Annotated[
        int | None, typer.Option(help="Draws of covers and partners; default: one for each planned epoch.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 0,
    tia_rate: Annotated[float, typer.Option(help="Share of lines that are covered.")] = 0.15,
    tim_replace_rate: Annotated[float, typer.Option(help="Share of pictures that are another document's.")] = 0.15,
    tim_drop_rate: Annotated[float, typer.Option(help="Share of pictures that are dropped.")] = 0.05,
    picture_size: Annotated[int, typer.Option(help="Side of the stored square picture, in pixels.")] = 448,
    min_words: Annotated[int, typer.Option(help="Pages with fewer words are left out, and counted.")] = 1,
    min_side: Annotated[int, typer.Option(help="So are those whose stored picture is smaller, in pixels.")] = 1,
    script: Annotated[
        list[str] | None,
        typer.Option(help="So are those of which fewer than half of the letters are of these scripts."),
    ] = None,
    held_out: Annotated[float, typer.Option(help="Share that is held out, whole clusters of near-duplicates.")] = 0.0,
    split: Annotated[Side, typer.Option(help="Which side of that to make.")] = Side.TRAIN,
    exclude: Annotated[
        list[str] | None, typer.Option(help="A dataset of pages to keep out, with all that is nearly the same.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Workers; default: all CPUs.")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")] = None,
) -> None:
    """Turn page shards into training shards: tokens, line covers (TIA), partners (TIM) and pictures."""
    check_workers(workers)
    require_lasting("--out", out)
    if not tokenizer.is_file():
        raise ValueError(f"no such file: {str(tokenizer)!r}; make it with `pagemill tokenizer`")
    if epochs < 1:
        raise ValueError(f"--epochs must be at least 1, got {epochs}")
    variants = epochs if variants is None else variants
    data = tokenizer.read_bytes()
    named = [_pages_to_exclude(url, out) for url in exclude or []]
    kept = list({one.digest: one for one in named}.values())  # one dataset may be named twice
    config = PrepareConfig(
        tokenizer=load_tokenizer(data).digest,
        seed=seed,
        variants=variants,
        tia_rate=tia_rate,
        tim_replace_rate=tim_replace_rate,
        tim_drop_rate=tim_drop_rate,
        picture_size=picture_size,
        min_words=min_words,
        min_side=min_side,
        scripts=script or (),
        held_out=held_out,
        split=split.value,
        exclude=[one.digest for one in kept],
    )
    if variants < epochs:
        print(f"note: {epochs} epochs with {variants} variant(s) of covers and partners: they come round again")
    info = run_prepare(Dataset(pages).require("pages"), out, data, config, workers, address, kept)
    print(summary(info, out))
    if not info.totals.ok:
        raise RuntimeError(f"no page of {pages} gave a sample: {_reasons(info)}")


def _pages_to_exclude(url: str, out: str) -> Pages:
    """A page dataset to keep out: as it is now, or as it was when `out` was begun."""
    info = Dataset(url).require("pages").info
    store = Store(out)
    begun = DatasetInfo.from_json(store.read(DATASET_FILE)).config if store.exists(DATASET_FILE) else {}
    states = [DatasetInfo.digest_of(info.generations[: count + 1]) for count in range(len(info.generations))]
    pinned = [digest for digest in states if digest in begun.get("exclude", [])]
    return Pages(url, pinned[-1] if pinned else info.digest)


def _reasons(info: DatasetInfo) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(info.totals.reasons.items())) or "there are none"


if __name__ == "__main__":
    run_command(prepare)
