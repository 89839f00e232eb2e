"""pagemill pretrain: LayoutLMv2 with MVLM, TIA and TIM, through Ray Train or under torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from jobs.cluster.pretrain import pretrain as run_pretrain
from jobs.command import require_lasting, require_local, run_command
from jobs.train import checkpoint
from jobs.train.begin import load_beginnings, said_of, weights_of_run
from jobs.train.config import OptimConfig, RunConfig, pinned_datasets, read_objectives, settle
from jobs.train.log import read_metrics, skipped_samples
from jobs.train.loop import Place, Reading, Trainer, make_model
from jobs.train.watch import watching
from model.presets import preset, preset_names
from pipeline.prepare.tokenizer import PageTokenizer
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.stream import PretrainStream, ShardCache, make_spec, rank_positions
from schemas.stream import Tail

_MAX_NAMED = 10  # skipped samples in the summary


class Resume(StrEnum):
    """What to do where the run has checkpoints."""

    AUTO = "auto"
    NEVER = "never"


def pretrain(
    train: Annotated[list[str], typer.Argument(help="Training datasets; several are mixed.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the run.", show_default=False)],
    config: Annotated[str, typer.Option(help=f"Configuration of the model: {', '.join(preset_names())}.")] = "base",
    steps: Annotated[int, typer.Option(help="Steps of the whole run.")] = 1000,
    global_batch: Annotated[int, typer.Option(help="Samples of a step over all workers.")] = 64,
    workers: Annotated[int, typer.Option(help="Workers of Ray Train.")] = 1,
    text_weights: Annotated[
        Path | None, typer.Option(help="Begin with a BERT or UniLMv2: its folder, of this vocabulary.")
    ] = None,
    backbone: Annotated[Path | None, typer.Option(help="Begin with a Mask R-CNN's backbone: its file.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and draws.")] = 0,
    learning_rate: Annotated[float, typer.Option(help="Highest rate, after the warm-up.")] = 5e-4,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 500,
    weight: Annotated[list[float] | None, typer.Option(help="Of each dataset, in order; default: equal.")] = None,
    buckets: Annotated[int, typer.Option(help="Steps in a window in which like lengths come together.")] = 1,
    tail: Annotated[Tail, typer.Option(help="What becomes of samples that do not fill a last batch.")] = Tail.WRAP,
    objectives: Annotated[Path | None, typer.Option(help="JSON file of rates and rules; default: the paper's.")] = None,
    loader_workers: Annotated[int, typer.Option(help="Loader processes of each worker.")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on without damaged samples.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder of each node for copies of remote shards.")] = None,
    cache_gb: Annotated[float, typer.Option(help="Its limit in gigabytes.")] = 50.0,
    gpu: Annotated[bool, typer.Option("--gpu", help="One GPU for each worker.")] = False,
    resume: Annotated[Resume, typer.Option(help="Go on from the newest checkpoint that verifies.")] = Resume.AUTO,
    address: Annotated[str | None, typer.Option(help="Ray cluster; default: one in this process.")] = None,
) -> None:
    """Pre-train LayoutLMv2. The same command again goes on from the newest checkpoint.

    Under `torchrun` the ranks are torchrun's, and Ray is not used.
    """
    require_local("--out", out)
    require_lasting("--out", out)
    _check_numbers(steps, global_batch, workers, checkpoint_every, loader_workers, learning_rate)
    preset(config)
    urls = [Dataset(url).require("train").store.url for url in train]
    reading = Reading(loader_workers=loader_workers, cache=make_cache(cache, cache_gb), skip_bad=skip_bad)
    order: dict[str, Any] = {"weights": weight or None, "buckets": buckets, "tail": tail}
    order["objectives"] = read_objectives(objectives)
    settings = RunConfig(
        train=urls[0] if len(urls) == 1 else urls,
        preset=config,
        steps=steps,
        seed=seed,
        stream=make_spec(urls, seed, global_batch, pinned_datasets(out), **order),
        optim=OptimConfig(learning_rate=learning_rate),
        checkpoint_every=checkpoint_every,
        text_weights=weights_of_run("text_weights", text_weights, out),
        backbone=weights_of_run("backbone", backbone, out),
    )
    if resume is Resume.NEVER and out.exists():
        raise ValueError(f"{out} exists, and --resume never was given")
    if "TORCHELASTIC_RUN_ID" in os.environ:
        _under_torchrun(out, settings, reading)
    else:
        _through_ray(out, settings, reading, workers, gpu=gpu, address=address)


def _through_ray(
    out: Path, settings: RunConfig, reading: Reading, workers: int, *, gpu: bool, address: str | None
) -> None:
    stream = PretrainStream(settings.urls, settings.stream, 0, workers)  # which refuses what workers would
    _before_ray(out, settings, stream)
    run_pretrain(out, settings, workers, gpu=gpu, reading=reading, address=address)
    print(summary(out))


def _before_ray(out: Path, settings: RunConfig, stream: PretrainStream) -> None:
    """Say what is wrong, and what is going to be done, before Ray is started."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        settle(out, settings)  # a new run begins where all nodes can see it
    _say_what_is_read(settings, stream)
    _say_where_it_begins(out, settings, stream.tokenizer)


def _check_numbers(
    steps: int, global_batch: int, workers: int, checkpoint_every: int, loader_workers: int, learning_rate: float
) -> None:
    if steps < 1 or workers < 1 or checkpoint_every < 1 or global_batch < 1:
        raise ValueError("--steps, --workers, --checkpoint-every and --global-batch must be at least 1")
    if loader_workers < 0:
        raise ValueError(f"--loader-workers must not be negative, got {loader_workers}")
    if not 0 < learning_rate < 1:
        raise ValueError(f"--learning-rate must be between 0 and 1, got {learning_rate}")
    rank_positions(0, global_batch, workers, 0)


def make_cache(folder: Path | None, gigabytes: float) -> ShardCache | None:
    """The cache that the options ask for; ValueError where they make no sense."""
    if not 0 < gigabytes <= 1e6:
        raise ValueError(f"--cache-gb must be more than 0, got {gigabytes:g}")
    return None if folder is None else ShardCache(folder.absolute(), int(gigabytes * 1e9))


def _under_torchrun(out: Path, settings: RunConfig, reading: Reading) -> None:
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)  # or every rank's collectives would use the first one
    torch.distributed.init_process_group("nccl" if cuda else "gloo")
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    place = Place(rank=rank, world_size=world, device=device, reading=reading)
    try:
        with ExitStack() as held:
            if rank == 0:
                settle(out, settings)
                held.enter_context(alone(Store(str(out))))
                _say_what_is_read(settings, PretrainStream(settings.urls, settings.stream))
            torch.distributed.barrier()
            trainer = Trainer(out, settings, place, lambda _step, _values: None)
            if rank == 0:
                held.enter_context(watching(out, settings))
            trainer.train()
        if rank == 0:
            print(summary(out))
    finally:
        torch.distributed.destroy_process_group()


def _say_what_is_read(settings: RunConfig, stream: PretrainStream) -> None:
    """What a person would not expect of the epochs: draws that come round again, samples left out or filled up."""
    epochs = stream.order.epochs(settings.steps * settings.stream.global_batch)
    for url, done, variants in zip(settings.urls, epochs, stream.variants, strict=True):
        if done > variants:
            text = f"{done:.1f} epochs with {variants} variant(s) of covers and partners: they come round again"
            print(f"note: {url}: {text}")
    order = stream.order.datasets[0]
    if (spare := order.epoch_size - order.size) < 0:
        print(f"note: {-spare} of {order.size} samples are left out of each epoch, other ones each time (--tail drop)")
    elif spare:
        print(f"note: each epoch of {order.size} samples is filled up with {spare} of weight zero (--tail pad)")


def _say_where_it_begins(run: Path, settings: RunConfig, tokenizer: PageTokenizer) -> None:
    """What the workers will find: nobody sees what they print. Weights that do not fit are refused here."""
    found, faults = checkpoint.newest(run / checkpoint.CHECKPOINTS)
    for fault in faults:
        print(f"passed over a damaged checkpoint: {fault}")
    if found is not None:
        print(f"going on after step {found.commit.step}", flush=True)
    elif settings.text_weights is not None or settings.backbone is not None:
        print(said_of(load_beginnings(make_model(settings, tokenizer), settings, tokenizer), run), flush=True)


def summary(run: Path) -> str:
    """Losses of the first step, when the model knows nothing, and their means over the last quarter of the steps.

    A single step is too noisy for an end: one picture in five does not match, but of eight it may be none or four.
    """
    values = read_metrics(run)
    if not values:
        return f"{run}: its metrics are empty; the checkpoints stand"
    last = values[-max(1, len(values) // 4) :]
    lines = [f"{run}: {len(values)} steps; losses of the first step -> mean of the last {len(last)}"]
    for name in ("mvlm", "tia", "tim"):
        mean = sum(step[name] for step in last) / len(last)
        lines.append(f"  {name:5} {values[0][name]:.4f} -> {mean:.4f}")
    return "\n".join([*lines, *_skipped(run, values)])


def _skipped(run: Path, values: list[dict[str, float]]) -> Iterator[str]:
    """How many slots stood for damaged samples, and the first of these by name; nothing where there were none."""
    total = int(sum(step.get("skipped", 0) for step in values))
    if total:
        named = skipped_samples(run, _MAX_NAMED + 1)
        yield f"  {total} slots of damaged samples were skipped; samples/rank-*.jsonl names all:"
        yield from (f"    {reason}" for reason in named[:_MAX_NAMED])
        if len(named) > _MAX_NAMED:
            yield "    and others"


if __name__ == "__main__":
    run_command(pretrain)
