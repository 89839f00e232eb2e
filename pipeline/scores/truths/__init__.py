"""What others say is true of a page: one reader a format, all to one small structure.

base       Truth: words, units, lines, order
synth, funsd, roor, sroie, docbank, hrdoc    one file a format
formats    which of them a file is, by what it holds
process    the same for untrusted bytes, in a limited child
find       where the truth of a page may lie
upright    truth of the page as a record has it
"""

from pipeline.scores.truths.base import Size, Truth, TruthFormat
from pipeline.scores.truths.formats import read_truth
from pipeline.scores.truths.process import TruthProcess

__all__ = ["Size", "Truth", "TruthFormat", "TruthProcess", "read_truth"]
