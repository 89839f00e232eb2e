"""OCR beside RapidOCR as it comes: CPU-seconds and word match, page by page in turns, one thread.

    python benchmarks/ocr.py FUNSD_FOLDER [--pages N] [--every N] [--precision auto|f32|bf16] [--alphabet latin|all]
    python benchmarks/ocr.py --synth 20

FUNSD_FOLDER has `images` and `annotations`; `--synth` makes scans whose words are known. Both engines read the same
picture in this process, after one page to warm up, and take turns in who comes first. Times are user and system
time. F1 is also given with the words of both cut after inner "-" and "/", as most of FUNSD's truth is.
"""

from __future__ import annotations

import argparse
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sets import Words, funsd, synth_scans  # beside this file
from stages import cpu, peer_engine

from jobs.environment import environment
from pipeline.scores import WordScore, match_words, total
from pipeline.words.ocr import Alphabet
from pipeline.words.ocr.networks import Precision
from pipeline.words.ocr.rapid import RapidEngine


@dataclass
class Result:
    """What one engine did, an entry a page."""

    seconds: list[float] = field(default_factory=list)
    scores: list[WordScore] = field(default_factory=list)
    cut: list[WordScore] = field(default_factory=list)

    def add(self, read: Callable[[], Words], truth: Words) -> None:
        """Read a page and score it."""
        begun = cpu()
        words = read()
        self.seconds.append((cpu() - begun) / 1000)
        self.scores.append(match_words(*words, *truth))
        self.cut.append(match_words(*cut_words(words), *truth))


def cut_words(words: Words) -> Words:
    """Words cut after each "-" and "/" between letters or digits, their boxes shared out by characters."""
    texts, boxes = [], []
    for text, (left, top, right, bottom) in zip(words[0], words[1].tolist(), strict=True):
        step, at = (right - left) / len(text), left
        for part in re.split(r"(?<=\w[-/])(?=\w)", text):
            texts.append(part)
            boxes.append([at, top, at + step * len(part), bottom])
            at += step * len(part)
    return texts, np.array(boxes).reshape(-1, 4)


def ours(engine: RapidEngine, picture: NDArray[np.uint8]) -> Words:
    """Our engine's words."""
    found = engine.read(picture)
    return found.text, found.box * 1000


def peers(engine: Any, picture: NDArray[np.uint8]) -> Words:
    """RapidOCR's words; the upright rectangle around each."""
    result = engine(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    found = [(word, quad) for line in result.word_results or () for word, _, quad in line if word and quad is not None]
    corners = np.array([quad for _, quad in found], dtype=np.float64).reshape(-1, 4, 2)
    scale = 1000 / np.array([picture.shape[1], picture.shape[0]])
    boxes = np.concatenate([corners.min(axis=1) * scale, corners.max(axis=1) * scale], axis=1)
    return [word for word, _ in found], boxes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--synth", type=int, default=0)
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--precision", type=Precision, default=Precision.AUTO)
    parser.add_argument("--alphabet", type=Alphabet, default=Alphabet.LATIN)
    options = parser.parse_args()
    if (options.folder is None) == (options.synth == 0):
        parser.error("either a folder or --synth")
    engine, peer = RapidEngine(options.alphabet, options.precision), peer_engine()
    results = {"ours": Result(), "RapidOCR as it comes": Result()}
    forms = (one.page() for one in funsd(options.folder, options.every)) if options.folder else iter(())
    pages = synth_scans(options.synth) if options.synth else forms
    for number, (picture, truth) in zip(range(options.pages), pages, strict=False):
        reads = [lambda p=picture: ours(engine, p), lambda p=picture: peers(peer, p)]
        turns = list(zip(results.values(), reads, strict=True))
        if number == 0:
            for read in reads:
                read()
        for result, read in turns if number % 2 else turns[::-1]:
            result.add(read, truth)
    report(engine, results)


def report(engine: RapidEngine, results: dict[str, Result]) -> None:
    """Both engines, and the ratio of their times."""
    versions = f"{engine.engine.version}; peer: onnxruntime {version('onnxruntime')}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {environment()['processor']}, Python {platform.python_version()}, {versions}")
    first, second = results.values()
    print(f"{len(first.seconds)} pages, {total(first.scores).truth} words\n")
    print(f"{'':22}{'CPU s/page':>11}{'median':>8}{'precision':>11}{'recall':>8}{'F1':>8}{'F1, cut at - and /':>20}")
    for name, result in results.items():
        score = total(result.scores)
        print(
            f"{name:22}{np.mean(result.seconds):11.3f}{median(result.seconds):8.3f}{score.precision:11.4f}"
            f"{score.recall:8.4f}{score.f1:8.4f}{total(result.cut).f1:20.4f}"
        )
    ratio = sum(second.seconds) / sum(first.seconds), median(second.seconds) / median(first.seconds)
    print(f"\npages per CPU-second, ours over the peer: {ratio[0]:.2f} of totals, {ratio[1]:.2f} of medians")


if __name__ == "__main__":
    main()
