"""From sheets to truth: the same words with boxes 0..1000 of the page, as they lie after the page was turned."""

from __future__ import annotations

from pipeline.synth.sheet import Sheet
from pipeline.synth.turn import Turn
from schemas.boxes import BoxTuple, normalise, to_tuples, union
from schemas.truth import PageTruth, TruthEntity, TruthWord


def page_truth(sheet: Sheet, turn: Turn) -> PageTruth:
    """Truth of one page in reading order; the box of a line is the union of the boxes of its words."""
    boxes = to_tuples(normalise(turn.frames([word.ink for word in sheet.words]), sheet.width, sheet.height))
    lines: list[list[BoxTuple]] = []
    for word, box in zip(sheet.words, boxes, strict=True):
        if word.line == len(lines):
            lines.append([])
        lines[word.line].append(box)
    words = [TruthWord(text=word.text, box=box, line=word.line) for word, box in zip(sheet.words, boxes, strict=True)]
    return PageTruth(
        words=words,
        lines=[union(line) for line in lines],
        entities=[TruthEntity(label=entity.label, words=list(entity.words)) for entity in sheet.entities],
        links=list(sheet.links),
    )
