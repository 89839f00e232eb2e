"""The loop of one rank. Losses are means over the targets of all ranks, so they do not depend on how many there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from jobs.train import checkpoint
from jobs.train.begin import LOADED_FILE, load_beginnings, said_of
from jobs.train.checkpoint import CHECKPOINTS
from jobs.train.config import RunConfig
from jobs.train.log import RunLog
from jobs.train.optim import make_optimizer, make_schedule
from model import LayoutLMv2ForPreTraining, preset
from model.objectives import OBJECTIVES, target_totals
from pipeline.prepare.tokenizer import PageTokenizer
from pipeline.shards.files import write_atomic
from pipeline.stream import Batch, PretrainStream, ShardCache, StreamLoader

Report = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a loop reads; what it reads is the configuration's."""

    loader_workers: int = 0
    cache: ShardCache | None = None  # of shards that lie behind a URL
    skip_bad: bool = False  # a damaged sample is a slot of weight zero


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a loop runs."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    reading: Reading = Reading()


def make_model(config: RunConfig, tokenizer: PageTokenizer) -> LayoutLMv2ForPreTraining:
    """The model of a run over its datasets' tokenizer, initialised from its seed."""
    torch.manual_seed(config.seed)
    return LayoutLMv2ForPreTraining(preset(config.preset, vocab_size=tokenizer.vocab_size, pad_token_id=tokenizer.pad))


class Trainer:
    """One rank of a run: builds everything, goes on from the newest checkpoint, trains to the last step."""

    def __init__(self, run: Path, config: RunConfig, place: Place, report: Report) -> None:
        self._run, self._config, self._place, self._report = run, config, place, report
        reading, ranks = place.reading, (place.rank, place.world_size)
        self._stream = PretrainStream(
            config.urls, config.stream, *ranks, cache=reading.cache, skip_bad=reading.skip_bad
        )
        self._loader = StreamLoader(self._stream, config.steps, workers=reading.loader_workers)
        self._model = make_model(config, self._stream.tokenizer).to(place.device)
        self._optimizer = make_optimizer(self._model, config.optim)
        self._step = self._resume()
        self._agree()
        self._schedule = make_schedule(self._optimizer, config.optim, config.steps, self._step)
        self._wrapped: nn.Module = self._model
        if place.world_size > 1:
            self._wrapped = DistributedDataParallel(self._model)

    def _resume(self) -> int:
        found, faults = checkpoint.newest(self._run / CHECKPOINTS)
        for fault in faults if self._place.rank == 0 else []:
            print(f"passed over a damaged checkpoint: {fault}")
        if found is None:
            self._begin()
            return 0
        checkpoint.load(found, self._model, self._optimizer)
        self._stream.load_state_dict(found.commit.stream)
        return found.commit.step

    def _begin(self) -> None:
        reports = load_beginnings(self._model, self._config, self._stream.tokenizer)
        if reports and self._place.rank == 0:
            write_atomic(self._run / LOADED_FILE, "".join(f"{report}\n" for report in reports).encode())
            print(said_of(reports, self._run), flush=True)

    def _agree(self) -> None:
        """RuntimeError unless all ranks go on from the same step."""
        if self._place.world_size > 1:
            ends = torch.tensor([self._step, -self._step], device=self._place.device)
            dist.all_reduce(ends, op=dist.ReduceOp.MAX)
            if ends.sum() != 0:
                raise RuntimeError(f"ranks found different checkpoints: not all of them see the folder {self._run}")

    def train(self) -> None:
        """Train to the last step; a checkpoint every so often and at the end."""
        self._model.train()
        with RunLog(self._run, self._place.rank) as log:
            for batch in self._loader:
                begun = time.perf_counter()
                values = self._update(batch.to(self._place.device))
                values["seconds"] = time.perf_counter() - begun
                log.samples(self._step, batch.positions, batch.keys, batch.skipped)
                log.metrics(self._step, values)
                self._step += 1
                self._report(self._step, values)
                if self._step % self._config.checkpoint_every == 0 or self._step == self._config.steps:
                    log.sync()
                    self._checkpoint()

    def _update(self, batch: Batch) -> dict[str, float]:
        checkpoint.seed_step(self._config.seed, self._step, self._place.rank)
        totals = self._totals(batch)
        output = self._wrapped(
            input_ids=batch.input_ids,
            bbox=batch.bbox,
            image=batch.image,
            attention_mask=batch.attention_mask,
            mlm_labels=batch.mlm_labels,
            tia_labels=batch.tia_labels,
            tim_labels=batch.tim_labels,
            sample_weight=batch.sample_weight,
            denominators=totals,
        )
        # Gradients are averaged over the ranks; what is wanted is the sum over the global batch.
        (output.loss * self._place.world_size).backward()
        norm = nn.utils.clip_grad_norm_(self._model.parameters(), self._config.optim.clip)
        if not torch.isfinite(norm):
            raise RuntimeError(f"step {self._step}: the gradient is not finite; samples: {', '.join(batch.keys)}")
        self._optimizer.step()
        rate = self._schedule.get_last_lr()[0]
        self._schedule.step()
        self._optimizer.zero_grad(set_to_none=True)
        own = [output.losses[name].detach() for name in OBJECTIVES]
        own.append(torch.tensor(float(len(batch.skipped)), device=self._place.device))
        *losses, skipped = self._summed(torch.stack(own)).tolist()
        named = dict(zip(OBJECTIVES, losses, strict=True))
        values = {"loss": sum(named.values()), **named, "learning_rate": rate, "gradient_norm": float(norm)}
        return {**values, "skipped": skipped}

    def _totals(self, batch: Batch) -> dict[str, Tensor]:
        """Targets of each objective over all ranks."""
        labels = {"mvlm": batch.mlm_labels, "tia": batch.tia_labels, "tim": batch.tim_labels}
        own = target_totals(labels, batch.sample_weight)
        summed = self._summed(torch.stack([own[name] for name in OBJECTIVES]))
        return dict(zip(OBJECTIVES, summed, strict=True))

    def _summed(self, values: Tensor) -> Tensor:
        if self._place.world_size > 1:
            dist.all_reduce(values)
        return values

    def _checkpoint(self) -> None:
        if self._place.rank == 0:
            folder = self._run / CHECKPOINTS
            checkpoint.save(folder, self._step, self._model, self._optimizer, self._stream.state_dict())
            checkpoint.prune(folder, self._step)
        if self._place.world_size > 1:
            dist.barrier()  # nobody runs ahead of a checkpoint that is not there yet
