"""Which units are begun first: a run waits for its last one, and units are alike in pages, not in seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.shards.generation import GenerationFiles
from pipeline.sources.formats import Format
from schemas.dataset import GenerationPlan
from schemas.manifest import PLAN_SCHEMA


def slow_first(files: GenerationFiles, plan: GenerationPlan, units: Sequence[int]) -> list[int]:
    """`units` with those first that hold most pages for OCR, as far as a plan can tell; equal ones as they come.

    A page by OCR takes the time of fifty by a text layer. Begun last, a unit of them keeps one worker busy when all
    others have nothing left. What is made of units does not depend on their order.
    """
    parts = files.read_plan_parts(plan, PLAN_SCHEMA, ["format", "words_offset"])
    pages = np.concatenate([np.zeros(0, np.int64), *(_for_ocr(part, plan.unit_rows) for part in parts)])
    return sorted(units, key=lambda unit: -int(pages[unit]))


def _for_ocr(part: pa.Table, unit_rows: int) -> NDArray[np.int64]:
    """Pages of each unit of a part that are pictures and came without words; of PDFs nobody knows before they open."""
    picture = pc.not_equal(part["format"], Format.PDF.value)
    wordless = pc.is_null(part["words_offset"])
    pages = pc.and_(picture, wordless).to_numpy().astype(np.int64)
    return np.add.reduceat(pages, np.arange(0, len(pages), unit_rows))
