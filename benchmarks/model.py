"""Pre-training steps of LayoutLMv2: ours and Hugging Face's, in one process, in turns, on the same batches.

    python -m benchmarks.model [--length 512 | --lengths FILE] [--batch N] [--repeat N] [--part step|encoder|backbone]
    python -m benchmarks.model --device cuda --batch 64          (needs torch and transformers, nothing else)

Same weights, data, labels and losses, dropout .1 everywhere, no checkpointing, words scored at masked positions in
both. Ours trains its biases; theirs cannot. Detectron2's backbone is written out in `benchmarks/peer.py`. Both freeze
what detectron2 freezes (stem and res2) and use frozen norms. With `--lengths`, a file of one number of tokens a line,
pages are drawn from it: theirs are padded to 512, as their users do, ours to the longest of the batch, rounded up to
a multiple of 8, where a window of pages is sorted by length (`--window 1`: not sorted). Times are CPU seconds
of this process on a CPU (others may use the machine too), and wall-clock seconds on a GPU.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peer import EagerBackbone, PeerForPreTraining
from model import LayoutLMv2Config, LayoutLMv2ForPreTraining, preset
from model.compiling import compiled
from model.flops import Flops, pretraining_flops
from model.objectives import IGNORED

Batch = dict[str, Tensor]
PEAK = 989e12  # bfloat16 operations a second of an H100 or H200, dense


def make_batch(lengths: list[int], padded: int, device: torch.device, seed: int) -> Batch:
    """A batch of pages of these numbers of tokens: the same pages whatever the padding."""
    draw = torch.Generator().manual_seed(seed)
    rows: dict[str, list[Tensor]] = {
        name: [] for name in ("input_ids", "bbox", "attention_mask", "mlm_labels", "tia_labels")
    }
    for length in lengths:
        low = torch.randint(0, 900, (length, 2), generator=draw)
        ids = torch.randint(5, 128, (length,), generator=draw)  # which words they are takes no time
        masked = torch.rand(length, generator=draw) < 0.15
        page = {
            "input_ids": ids,
            "bbox": torch.cat([low, low + torch.randint(5, 100, (length, 2), generator=draw)], -1),
            "attention_mask": torch.ones(length, dtype=torch.long),
            "mlm_labels": ids.where(masked, IGNORED),
            "tia_labels": torch.randint(0, 2, (length,), generator=draw).where(~masked, IGNORED),
        }
        for name, values in page.items():
            fill = IGNORED if name.endswith("labels") else 0
            size = (padded, *values.shape[1:])
            rows[name].append(torch.full(size, fill).index_copy(0, torch.arange(length), values))
    pages = len(lengths)
    batch = {name: torch.stack(values) for name, values in rows.items()}
    batch["image"] = torch.randint(0, 256, (pages, 3, 224, 224), dtype=torch.uint8, generator=draw)
    batch["tim_labels"] = torch.randint(0, 2, (pages,), generator=draw)
    return {name: values.to(device) for name, values in batch.items()}


class Contestant:
    """A model, its optimiser and what it is asked to do."""

    def __init__(self, name: str, model: nn.Module, device: torch.device, compile_it: bool) -> None:
        self.name, self.model, self.device = name, model.to(device).train(), device
        self.run: Callable[..., Any] = compiled(model) if compile_it else model
        learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(learning, lr=1e-5, fused=True)
        self.updates = True

    def held(self) -> int:
        """Bytes on the device between two steps: weights and what the optimiser keeps of them."""
        kept = [value for state in self.optimiser.state.values() for value in state.values()]
        tensors = [*self.model.parameters(), *self.model.buffers(), *(v for v in kept if isinstance(v, Tensor))]
        storages = [t.untyped_storage() for t in tensors if t.device.type == self.device.type]
        return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())

    def step(self, batch: Batch) -> float:
        """Forward, backward, update; the loss."""
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            found = self.run(**batch)
        loss = found if isinstance(found, Tensor) else found.loss
        loss.backward()
        if self.updates:
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return float(loss.detach())

    def backbone(self, batch: Batch) -> float:
        """Forward and backward of the backbone alone."""
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            features = self.model.layoutlmv2.visual(batch["image"])
        features.float().square().mean().backward()
        self.optimiser.zero_grad(set_to_none=True)
        return 0.0

    @torch.no_grad()
    def skip_backbone(self, pages: int) -> None:
        """Put stored features in the place of the backbone: what is left is the encoder with its heads."""
        self.updates = False  # is as long in both, and of the whole step
        features = torch.randn(pages, 49, 256, generator=torch.Generator().manual_seed(0)).to(self.device)
        self.model.layoutlmv2.visual = Stored(features)


class Stored(nn.Module):
    """Features of a backbone that is not there."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features = features

    def forward(self, _image: Tensor) -> Tensor:
        return self.features


def clock(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def allocated_before(device: torch.device) -> int:
    """Bytes on the device now, from where its peak counts."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def batches(options: argparse.Namespace) -> Iterator[list[int]]:
    """Numbers of tokens of each batch's pages."""
    if not options.lengths:
        yield from [[options.length] * options.batch] * options.repeat
        return
    known = [int(line) for file in options.lengths for line in Path(file).read_text().split()]
    draw = torch.Generator().manual_seed(1)
    for _ in range(options.repeat):
        window = [
            min(512, known[int(n)])
            for n in torch.randint(0, len(known), (options.window * options.batch,), generator=draw)
        ]
        window.sort()
        start = int(torch.randint(0, options.window, (), generator=draw)) * options.batch
        yield window[start : start + options.batch]


def measure(options: argparse.Namespace, contestants: list[Contestant]) -> None:
    device = contestants[0].device
    seconds: dict[str, list[float]] = {one.name: [] for one in contestants}
    peaks = dict.fromkeys(seconds, 0)
    losses, done = {}, []
    for number, lengths in enumerate([next(batches(options)), *batches(options)]):
        widths = {
            "ours": -(-max(lengths) // 8) * 8 if options.lengths else max(lengths),
            "theirs": 512 if options.lengths else max(lengths),
        }
        for one in contestants if number % 2 else contestants[::-1]:
            batch = make_batch(lengths, widths[one.name], device, number)
            work = one.backbone if options.part == "backbone" else one.step
            torch.manual_seed(number)
            held = one.held()
            before = allocated_before(device)
            begun = clock(device)
            losses[one.name] = work(batch)
            if number:  # the first one warms up
                seconds[one.name].append((clock(device) - begun) / len(lengths))
                # The other one's weights lie on the device, too: what the step added, and what is its own.
                added = torch.cuda.max_memory_allocated() - before if device.type == "cuda" else 0
                peaks[one.name] = max(peaks[one.name], held + added)
        if number:
            done.append(lengths)
            print(
                f"  {sum(lengths):5} tokens:",
                *(f"{name} {values[-1]:.3f}" for name, values in seconds.items()),
                flush=True,
            )
    report(options, seconds, peaks, losses, done)


def report(
    options: argparse.Namespace,
    seconds: dict[str, list[float]],
    peaks: dict[str, int],
    losses: dict[str, float],
    done: list[list[int]],
) -> None:
    mean = sum(map(sum, done)) / sum(map(len, done))
    print(f"part {options.part}, batch {options.batch}, {mean:.0f} tokens a page, {len(done)} batches in turns")
    config = configuration(options)
    parts = [pretraining_flops(config, length, round(0.15 * length)) for page in done for length in page]
    needed = sum(_of_part(flops, options.part) for flops in parts) / len(parts)
    for name, values in seconds.items():
        each = median(values)
        spread = f"{min(values):.4f} to {max(values):.4f}"
        text = f"  {name:7} {each:8.4f} s a page (median; {spread}), last loss {losses[name]:.4f}"
        if options.device == "cuda":
            text += f", {peaks[name] / 2**30:.1f} GiB, MFU {3 * needed / each / PEAK:.1%}"
        print(text)
    theirs, ours = median(seconds["theirs"]), median(seconds["ours"])
    pairs = median(t / o for t, o in zip(seconds["theirs"], seconds["ours"], strict=True))
    print(f"  ours {theirs / ours:.2f} times theirs (of medians), {pairs:.2f} (median of pairs), "
          f"{sum(seconds['theirs']) / sum(seconds['ours']):.2f} (of sums)")  # fmt: skip


def _of_part(flops: Flops, part: str) -> int:
    return {"step": flops.total, "encoder": flops.encoder + flops.heads, "backbone": flops.backbone}[part]


def configuration(options: argparse.Namespace) -> LayoutLMv2Config:
    config = preset(options.preset, visual_norm="frozen", visual_freeze_at=2, attention_probs_dropout_prob=0.1)
    return config.replace(num_hidden_layers=options.layers or config.num_hidden_layers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--part", default="step", choices=["step", "encoder", "backbone"])
    parser.add_argument("--preset", default="base")
    parser.add_argument("--layers", type=int, help="layers of the encoder, where a whole one takes too long")
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--lengths", nargs="*", default=[])
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--window", type=int, default=16, help="batches among which pages are sorted by length")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="compile ours")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    name = (
        torch.cuda.get_device_name() if options.device == "cuda" else f"{platform.machine()}, {options.threads} threads"
    )
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, torch {torch.__version__}, {name}")
    torch.manual_seed(0)
    ours = LayoutLMv2ForPreTraining(configuration(options))
    theirs = PeerForPreTraining(ours, EagerBackbone)
    contestants = [Contestant("ours", ours, device, options.compile), Contestant("theirs", theirs, device, False)]
    if options.part == "encoder":
        for one in contestants:
            one.skip_backbone(options.batch)
    measure(options, contestants)


if __name__ == "__main__":
    main()
