"""Synthetic documents with exact truth.

plan(count, seed) -> Spec          which type, which variant, how many pages
  layouts         -> Sheet         words in reading order, lines, entities, shapes, in points
    pdf           -> PDF           born digital
      scan        -> pictures      turned, blurred, noisy; JPEG, PNG, bilevel TIFF
        layer, pdf -> PDF          pictures with no text, the right hidden text, or a wrong one
  truth           -> PageTruth     the same words, boxes 0..1000, turned like the picture
"""

from __future__ import annotations

from pipeline.synth.files import check_folder, save, write
from pipeline.synth.make import SynthFile, compose, make
from pipeline.synth.plan import RARE, TYPES, VARIANTS, Spec, plan, plan_one

__all__ = [
    "RARE",
    "TYPES",
    "VARIANTS",
    "Spec",
    "SynthFile",
    "check_folder",
    "compose",
    "make",
    "plan",
    "plan_one",
    "save",
    "write",
]
