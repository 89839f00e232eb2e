"""The OCR engines and the extractors of text layers on the same pages: word match and CPU-seconds a page.

    python benchmarks/engines.py [--funsd FOLDER] [--sroie FOLDER] [--synth 10] [--digital 20] [--every 10] [--pages N]

FUNSD's folder has `images` and `annotations`; SROIE's has `images` and `boxes` with the text of whole lines, so its
true words are the lines split at spaces, each box shared out by characters. `--synth` and `--digital` make scans and
born-digital pages whose words are known. `--every` takes each Nth file of a folder, `--pages` the first of those.
All engines read the same picture in this process on one thread, in turns, after one page to warm up; times are user
and system time, without handing the picture to a child.
"""

from __future__ import annotations

import argparse
import io
import platform
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pdfplumber
from ocr import Result  # beside this file
from sets import Labelled, Page, Words, funsd, sroie, synth_scans

from jobs.environment import environment
from pipeline.pages import Limits, PdfEngine
from pipeline.pages.document import open_document
from pipeline.scores import total
from pipeline.sources.formats import Format
from pipeline.synth import TYPES, Spec, SynthFile, make
from pipeline.words.ocr import OcrEngine, OcrName, OcrOptions, make_engine
from pipeline.words.ocr.paddlefolder import prepare
from pipeline.words.textlayer import words_of

Reader = Callable[[Any], Words]


def digital(count: int) -> Iterator[tuple[SynthFile, Words]]:
    """Synthetic born-digital pages."""
    for index in range(count):
        spec = Spec(index=index, seed=5, document_type=TYPES[index % len(TYPES)], variant="digital", pages=1)
        file = make(spec)
        words = file.truth.pages[0].words
        yield file, ([word.text for word in words], np.array([word.box for word in words], dtype=np.float64))


def labelled(pages: Iterator[Labelled], count: int | None) -> Iterator[Page]:
    """Pictures and words of the first `count` pages."""
    return (one.page() for one in islice(pages, count))


def layer_words(engine: PdfEngine, file: SynthFile) -> Words:
    """The words of `--pdf-engine`, with opening the file but without a picture."""
    page = open_document(Format.PDF.value, file.data, Limits(), (), engine).page(0, 64, chars=True)
    width, height = page.facts.size
    found = words_of(page.chars, width / height)
    return found.text, found.box * 1000


def plumber_words(file: SynthFile) -> Words:
    """pdfplumber's words as it comes: a gap of up to 3 points is none, which takes small print without space characters
    for one word a line.
    """
    with pdfplumber.open(io.BytesIO(file.data)) as pdf:
        page = pdf.pages[0]
        words = page.extract_words()
        scale = 1000 / np.array([float(page.width), float(page.height)] * 2)
    boxes = np.array([[word[name] for name in ("x0", "top", "x1", "bottom")] for word in words], dtype=np.float64)
    return [word["text"] for word in words], boxes.reshape(-1, 4) * scale


def reader(engine: OcrEngine) -> Reader:
    """The engine as a function of a picture."""

    def read(picture: Any) -> Words:
        found = engine.read(picture)
        return found.text, found.box * 1000

    return read


def measure(title: str, pages: Iterator[tuple[Any, Words]], readers: dict[str, Reader]) -> None:
    """Read all pages with all readers, in turns, and print a row for each."""
    results = {name: Result() for name in readers}
    for number, (page, truth) in enumerate(pages):
        names = list(readers)
        if number == 0:
            for read in readers.values():
                read(page)
        for shift in range(len(names)):
            name = names[(shift + number) % len(names)]
            results[name].add(partial(readers[name], page), truth)
    for name, result in results.items():
        score = total(result.scores)
        print(
            f"| {title} | {name} | {len(result.seconds)} | {score.truth} | {score.recall:.4f} | {score.precision:.4f} "
            f"| {score.f1:.4f} | {total(result.cut).f1:.4f} | {np.mean(result.seconds):.3f} |",
            flush=True,
        )


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--funsd", type=Path)
    parser.add_argument("--sroie", type=Path)
    parser.add_argument("--synth", type=int, default=0)
    parser.add_argument("--digital", type=int, default=0)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--pages", type=int, default=None)
    parser.add_argument("--engines", default=",".join(OcrName))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        prepare(Path(work), OcrOptions(name=OcrName.PADDLEOCR))
        engines = [make_engine(OcrOptions(name=OcrName(n)), Path(work)) for n in options.engines.split(",") if n]
        print(f"{datetime.now(UTC):%Y-%m-%d}, {environment()['processor']}, Python {platform.python_version()}")
        for engine in engines:
            print(orjson.dumps(engine.engine.model_dump()).decode())
        readers = {engine.engine.name: reader(engine) for engine in engines}
        print("\n| pages | reader | pages | words | recall | precision | F1 | F1, cut at - and / | CPU s a page |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
        if options.digital:
            layers: dict[str, Reader] = {
                "pdfium, our words": partial(layer_words, PdfEngine.PDFIUM),
                "pdfplumber, as we ask it": partial(layer_words, PdfEngine.PDFPLUMBER),
                "pdfplumber, as it comes": plumber_words,
            }
            measure("synth, born digital", digital(options.digital), layers)
        if options.synth:
            measure("synth, scans", synth_scans(options.synth), readers)
        if options.funsd:
            measure("FUNSD", labelled(funsd(options.funsd, options.every), options.pages), readers)
        if options.sroie:
            measure("SROIE", labelled(sroie(options.sroie, options.every), options.pages), readers)
        for engine in engines:
            engine.close()


if __name__ == "__main__":
    main()
