"""pagemill export: a run's newest checkpoint as a folder that LayoutLMv2 classes load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from jobs.command import require_local, run_command
from jobs.train import checkpoint
from jobs.train.config import of_run
from jobs.train.loop import make_model
from model import LayoutLMv2ForPreTraining
from pipeline.prepare.tokenizer import CLS, MASK, PAD, SEP, UNK, PageTokenizer, load_tokenizer
from pipeline.prepare.unit import read_tokenizer
from pipeline.shards.files import Store, write_atomic


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Where the model goes.", show_default=False)],
) -> None:
    """Write the newest checkpoint that verifies, its configuration and its tokenizer."""
    require_local("--out", out)
    config = of_run(run)
    if out.exists() and not _may_replace(out):
        raise ValueError(f"{out} exists and is no empty folder and no exported model")
    found, faults = checkpoint.newest(run / checkpoint.CHECKPOINTS)
    if found is None:
        raise ValueError(f"{run} has no checkpoint to export" + "".join(f"; {fault}" for fault in faults))
    for fault in faults:
        print(f"passed over a damaged checkpoint: {fault}")
    data = read_tokenizer(Store(config.urls[0]), config.stream.tokenizer)
    tokenizer = load_tokenizer(data)
    model = make_model(config, tokenizer)
    checkpoint.load(found, model)
    model.save_pretrained(out)
    _write_tokenizer(out, data, tokenizer)
    print(f"{out}: step {found.commit.step} of {run}")


def _may_replace(out: Path) -> bool:
    if not out.is_dir():
        return False
    return not any(out.iterdir()) or _was_exported(out)


def _was_exported(out: Path) -> bool:
    """A model with heads of pre-training beside its tokenizer: nothing that was trained further or is of others."""
    try:
        config = orjson.loads((out / "config.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    ours = isinstance(config, dict) and config.get("architectures") == [LayoutLMv2ForPreTraining.__name__]
    return ours and (out / "tokenizer_config.json").is_file()


def _write_tokenizer(out: Path, data: bytes, tokenizer: PageTokenizer) -> None:
    settings = {
        "tokenizer_class": "LayoutLMv2TokenizerFast",
        "do_lower_case": True,
        "model_max_length": 512,
        "pad_token": PAD,
        "unk_token": UNK,
        "cls_token": CLS,
        "sep_token": SEP,
        "mask_token": MASK,
        # Boxes of special tokens as in pre-training (and in the authors' code), not Hugging Face's 1000s.
        "cls_token_box": [0, 0, 0, 0],
        "sep_token_box": [0, 0, 0, 0],
        "pad_token_box": [0, 0, 0, 0],
    }
    write_atomic(out / "tokenizer.json", data)
    write_atomic(out / "vocab.txt", "".join(f"{token}\n" for token in tokenizer.vocabulary()).encode())
    write_atomic(out / "tokenizer_config.json", orjson.dumps(settings, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    run_command(export)
