"""pagemill demo: the whole line, on generated documents or on your own."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jobs.cluster.session import session
from jobs.command import require_local, run_command
from jobs.export import export
from jobs.ingest import ingest
from jobs.inspect.html import html
from jobs.prepare import prepare
from jobs.pretrain import pretrain, summary
from jobs.synth import synth
from jobs.tokenizer import tokenizer
from pipeline.shards.dataset import Dataset

_BATCH = 8
_MAX_VARIANTS = 40


@dataclass(frozen=True)
class _Places:
    """Where everything of a demo is."""

    out: Path

    @property
    def documents(self) -> Path:
        """Generated documents."""
        return self.out / "documents"

    @property
    def pages(self) -> Path:
        """Page shards."""
        return self.out / "pages"

    @property
    def tokenizer(self) -> Path:
        """Vocabulary."""
        return self.out / "tokenizer.json"

    @property
    def train(self) -> Path:
        """Training shards."""
        return self.out / "train"

    @property
    def run(self) -> Path:
        """Checkpoints and metrics."""
        return self.out / "run"

    @property
    def model(self) -> Path:
        """Exported model."""
        return self.out / "model"

    @property
    def report(self) -> Path:
        """Report of the pages."""
        return self.out / "report.html"


def demo(
    inputs: Annotated[list[str] | None, typer.Argument(help="Your own documents instead of generated ones.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: out/demo, or one named after the input.")] = None,
    count: Annotated[int, typer.Option(help="Documents to generate.")] = 20,
    steps: Annotated[int, typer.Option(help="Steps of pre-training.")] = 90,
    workers: Annotated[int, typer.Option(help="Workers.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
) -> None:
    """Documents to a LayoutLMv2 that learns: every command in its turn, on a Ray in this process."""
    begun = time.monotonic()
    if out is not None:
        require_local("--out", out)
    at = _Places((out or _default_folder(inputs)).absolute())
    with session(None, workers):
        if not inputs:
            _say("documents")
            synth(out=at.documents, count=count, seed=seed)
        _say("ingest: documents to page shards")
        ingest(inputs or [str(at.documents)], out=str(at.pages), pages_per_shard=16, workers=workers)
        _say("inspect html: a report of the pages")
        html(str(at.pages), out=at.report)
        _say("tokenizer: a WordPiece vocabulary")
        tokenizer(str(at.pages), out=at.tokenizer, vocab_size=4000, workers=workers)
        _say("prepare: page shards to training shards")
        variants = _variants(at.pages, steps)
        prepare(str(at.pages), out=str(at.train), tokenizer=at.tokenizer, epochs=variants, seed=seed, workers=workers)
        _say("pretrain: MVLM + TIA + TIM through Ray Train")
        pretrain(
            [str(at.train)], out=at.run, config="small", steps=steps, global_batch=_BATCH, workers=workers, seed=seed
        )
        _say("export: a folder that LayoutLMv2 classes load")
        export(at.run, out=at.model)
    print(_closing(at, made=not inputs, seconds=time.monotonic() - begun))


def _default_folder(inputs: list[str] | None) -> Path:
    if not inputs:
        return Path("out/demo")
    name = hashlib.sha256("\0".join(str(Path(item).absolute()) for item in inputs).encode()).hexdigest()
    return Path(f"out/demo-{name[:8]}")


def _variants(pages: Path, steps: int) -> int:
    """One draw of covers and partners for each epoch that the steps make, within reason."""
    count = Dataset(str(pages)).require("pages").info.totals.ok
    if not count:
        raise ValueError(f"no page of the documents could be used: see `pagemill inspect errors {pages}`")
    return min(_MAX_VARIANTS, -(-steps * _BATCH // count))


def _say(title: str) -> None:
    print(f"\n== {title}", flush=True)


def _closing(at: _Places, *, made: bool, seconds: float) -> str:
    routes = Dataset(str(at.pages)).info.totals.routes
    places = [
        *([("documents", at.documents)] if made else []),
        ("page shards", at.pages),
        ("report", at.report),
        ("tokenizer", at.tokenizer),
        ("training shards", at.train),
        ("run", at.run),
        ("model", at.model),
    ]
    lines = [f"\n== done in {seconds:.0f} s"]
    lines += [f"  {name:16} {path}" for name, path in places]
    lines.append("  pages by route   " + ", ".join(f"{route} {number}" for route, number in sorted(routes.items())))
    return "\n".join([*lines, f"\n{summary(at.run)}"])


if __name__ == "__main__":
    run_command(demo)
