"""Whether scans come upright, however they were laid: pictures turned by quarters and leaned by some degrees.

    python benchmarks/upright.py [FOLDER OF PICTURES...] [--every N] [--synth 8] [--labelled FOLDER OF PDFS...]

Each picture is taken to be upright (nearly level, too); generated scans are. It is laid at 0, 90, 180 and 270 degrees,
once level and once leaned, and `find_pose` has to turn it back, asking the default OCR engine where it wants to.
Pages of PDFs that labels.py names are laid as they are; it says how they must be turned. Prints what went wrong, how
often the engine was asked, the error of the skew, and CPU milliseconds without the engine.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from labels import EVERY, NEED_OCR, TURNED
from numpy.typing import NDArray
from PIL import Image

from pipeline.pages import Sandbox
from pipeline.pages.base import PageFacts, RawPage
from pipeline.sources.formats import Format
from pipeline.synth import TYPES, Spec, make
from pipeline.upright import Pose, find_pose
from pipeline.words import Extractor, RouteConfig
from pipeline.words.ocr import OcrOptions, make_engine
from schemas.base import sha256_hex

LEANS = (0.0, 2.5, -4.0)
Picture = NDArray[np.uint8]


def pictures(folders: list[Path], every: int, synth: int) -> Iterator[tuple[str, Picture]]:
    """(name, upright picture in grey)."""
    for folder in folders:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg", ".tif"))
        for path in files[::every]:
            yield f"{folder.name}/{path.stem[:12]}", np.asarray(Image.open(path).convert("L"))
    for index in range(synth):
        spec = Spec(index=index, seed=41, document_type=TYPES[index % len(TYPES)], variant="jpeg")
        yield spec.name, np.asarray(Image.open(io.BytesIO(make(spec).data)).convert("L"))


def labelled(folders: list[Path]) -> Iterator[tuple[str, Picture, int]]:
    """(name, picture, degrees by which it must be turned) of the scanned pages that were looked at."""
    with Sandbox() as sandbox:
        for path in sorted(path for folder in folders for path in folder.rglob("*.pdf")):
            data = path.read_bytes()
            name = sha256_hex(data)[:16]
            if NEED_OCR.get(name) != EVERY:
                continue
            for page in range(sandbox.open(Format.PDF, data)):
                picture = sandbox.page(page, 2000, chars=False).pixels
                yield f"{name} page {page}", picture, TURNED.get(name, {}).get(page, 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--synth", type=int, default=8)
    parser.add_argument("--labelled", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    extractor = Extractor(RouteConfig(), lambda: make_engine(OcrOptions()), 2000)
    asked, spent, own, errors = 0, 0.0, [], []
    cases = wrong = asking_upright = upright = 0

    def legible(picture: Picture) -> float:
        nonlocal asked, spent
        begun = time.process_time()
        rgb = RawPage(picture, PageFacts()).picture
        found = extractor.legible(rgb)
        asked, spent = asked + 1, spent + time.process_time() - begun
        return found

    for number, (name, picture) in enumerate(pictures(options.folders, options.every, options.synth)):
        level = find_pose(picture, legible).skew  # what it leaned by itself
        for turned in (0, 90, 180, 270):
            lean = LEANS[(number + turned // 90) % len(LEANS)]
            laid = Pose(turned).picture(Pose(0, -lean).picture(picture))
            before, waited, begun = asked, spent, time.process_time()
            pose = find_pose(laid, legible)
            own.append(1000 * (time.process_time() - begun - (spent - waited)))
            cases += 1
            right = pose.turned == (360 - turned) % 360
            wrong += not right
            if turned == 0:
                upright, asking_upright = upright + 1, asking_upright + (asked > before)
            if right:
                errors.append(abs(pose.skew - lean - level))
            else:
                print(f"{name} laid at {turned}, leaned {lean}: {pose}")
    print(f"{cases} cases, {wrong} turned wrongly; the engine was asked on {asking_upright} of {upright} upright pages")
    print(f"skew: median error {median(errors):.2f} degrees, 95 % within {np.percentile(errors, 95):.2f}")
    pages = list(labelled(options.labelled))
    found = [(name, find_pose(picture, legible), turned) for name, picture, turned in pages]
    for name, pose, turned in found:
        if pose.turned != turned:
            print(f"{name} must be turned by {turned}: {pose}")
    print(f"{sum(pose.turned == turned for _, pose, turned in found)} of {len(found)} labelled pages come upright")
    print(f"CPU without the engine: median {median(own):.1f} ms a page")


if __name__ == "__main__":
    main()
