"""From a specification to a file with its truth: a pure function, same specification, same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np
from PIL import Image

from pipeline.synth import layer, pasted, pdf, scan
from pipeline.synth.layouts import DENSE, LAYOUTS, Desk
from pipeline.synth.plan import Spec
from pipeline.synth.scan import Scanner
from pipeline.synth.sheet import Sheet
from pipeline.synth.style import Style, draw_style
from pipeline.synth.text import Writer
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn
from pipeline.upright import Pose, turn_truth
from schemas.truth import DocumentTruth

_DIGITAL = ("digital", "stamped", "paper")
TextLayer = Literal["right", "none", "wrong", "hidden"]


@dataclass(frozen=True)
class SynthFile:
    """A file's name, its bytes and what it really says."""

    name: str
    data: bytes
    truth: DocumentTruth


def _random(spec: Spec, purpose: str) -> Random:
    return Random(f"pagemill synth {purpose} {spec.seed} {spec.index}")  # noqa: S311 - not a secret


def compose(spec: Spec) -> tuple[list[Sheet], Style]:
    """The sheets of a document and their style, before anything is drawn; the variant has no say in them."""
    rng = _random(spec, f"page {spec.document_type} {spec.pages}")
    style = draw_style(rng, small=spec.document_type in DENSE)
    sheets = LAYOUTS[spec.document_type](Desk(rng, style, Writer(rng), spec.pages))
    assert len(sheets) == spec.pages, "a layout gives as many pages as it was asked for"
    return sheets, style


def make(spec: Spec) -> SynthFile:
    """Make one document."""
    sheets, style = compose(spec)
    if spec.variant in _DIGITAL:
        return _born_digital(spec, sheets, style)
    rng = _random(spec, "scan")
    scanners = [scan.draw_scanner(rng, spec.variant, spec.pages) for _ in sheets]
    turns = [Turn(s.degrees, sheet.width, sheet.height) for s, sheet in zip(scanners, sheets, strict=True)]
    lays = [pdf.Lay(s.degrees, 0.15 if s.dark_lid else 1.0) for s in scanners]
    drawn = pdf.draw_sheets(sheets, lays=lays)
    data = _SCANS[spec.variant](_Scan(spec, sheets, turns, scanners, drawn))
    layers: dict[str, TextLayer] = {"wrong": "wrong", "hidden": "hidden", "covered": "hidden"}
    made = _file(spec, data, layers.get(spec.variant, "none"), sheets, turns)
    return _laid_otherwise(made, scanners[0], _quarters(spec)) if spec.variant == "turned" else made


def _born_digital(spec: Spec, sheets: list[Sheet], style: Style) -> SynthFile:
    shuffle = _random(spec, "order") if style.shuffled else None
    rng = _random(spec, "pasted")
    papers = [pasted.paper(sheet, rng) for sheet in sheets] if spec.variant == "paper" else None
    marks = [pasted.stamp(sheet, rng) for sheet in sheets] if spec.variant == "stamped" else None
    drawn = pdf.draw_sheets(
        sheets,
        spaces=style.spaces,
        shuffle=shuffle,
        papers=papers,
        stamps=None if marks is None else [mark.pasted for mark in marks],
    )
    if marks is not None:
        sheets = [pasted.stamped(sheet, mark) for sheet, mark in zip(sheets, marks, strict=True)]
    return _file(spec, drawn, "right", sheets, [Turn(0.0, sheet.width, sheet.height) for sheet in sheets])


def _quarters(spec: Spec) -> Pose:
    return Pose(_random(spec, "quarters").choice((90, 180, 270)))


def _laid_otherwise(file: SynthFile, scanner: Scanner, pose: Pose) -> SynthFile:
    """A JPEG and its truth, turned by quarters: truth describes a page as its file shows it."""
    picture = Image.fromarray(pose.picture(np.asarray(Image.open(io.BytesIO(file.data)))))
    (page,) = file.truth.pages
    truth = file.truth.model_copy(update={"pages": [turn_truth(page, pose, 1.0)]})
    return SynthFile(file.name, scan.jpeg_bytes(picture, scanner), truth)


def _file(spec: Spec, data: bytes, text_layer: TextLayer, sheets: Sequence[Sheet], turns: Sequence[Turn]) -> SynthFile:
    truth = DocumentTruth(
        document_type=spec.document_type,
        seed=spec.seed,
        text_layer=text_layer,
        pages=[page_truth(sheet, turn) for sheet, turn in zip(sheets, turns, strict=True)],
    )
    return SynthFile(spec.name, data, truth)


@dataclass(frozen=True)
class _Scan:
    """What the makers of scanned variants work from; the lists have one entry for each page."""

    spec: Spec
    sheets: Sequence[Sheet]
    turns: Sequence[Turn]
    scanners: Sequence[Scanner]
    drawn: bytes


def _jpeg(job: _Scan) -> bytes:
    return scan.jpeg_bytes(scan.scan_pages(job.drawn, job.scanners)[0], job.scanners[0])


def _png(job: _Scan) -> bytes:
    return scan.png_bytes(scan.scan_pages(job.drawn, job.scanners)[0], job.scanners[0])


def _tiff(job: _Scan) -> bytes:
    return scan.fax_bytes(scan.scan_pages(job.drawn, job.scanners), job.scanners)


def _picture_pdf(job: _Scan) -> bytes:
    pictures = scan.scan_pages(job.drawn, job.scanners)
    return pdf.draw_pictures(
        pdf.PicturePage(
            sheet.width,
            sheet.height,
            scan.jpeg_bytes(picture, scanner),
            _layer(job, sheet, turn),
            covering=job.spec.variant == "covered",
        )
        for sheet, turn, scanner, picture in zip(job.sheets, job.turns, job.scanners, pictures, strict=True)
    )


def _layer(job: _Scan, sheet: Sheet, turn: Turn) -> list[pdf.HiddenWord]:
    if job.spec.variant in ("hidden", "covered"):
        return layer.right_layer(sheet, turn)
    return layer.wrong_layer(sheet, _random(job.spec, "layer")) if job.spec.variant == "wrong" else []


_SCANS: dict[str, Callable[[_Scan], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "tiff": _tiff,
    "scan": _picture_pdf,
    "wrong": _picture_pdf,
    "hidden": _picture_pdf,
    "covered": _picture_pdf,
    "turned": _jpeg,
}
