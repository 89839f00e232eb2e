"""Layouts by document type: one family a file, each a function from a desk to sheets."""

from __future__ import annotations

from pipeline.synth.layouts import form, invoice, letter, paper, report, sidebar, table
from pipeline.synth.layouts.base import Desk, Layout

LAYOUTS: dict[str, Layout] = {
    "letter": letter.compose,
    "invoice": invoice.compose,
    "form": form.compose,
    "paper2": paper.compose_two,
    "paper3": paper.compose_three,
    "table": table.compose,
    "sidebar": sidebar.compose,
    "report": report.compose,
}
# Dense pages get smaller type and narrower margins.
DENSE = frozenset({"form", "paper2", "paper3"})

__all__ = ["DENSE", "LAYOUTS", "Desk"]
