"""How results are scored: pure functions of what was found and what is true.

words     a word match, by text and place
lines     which words stand together
order     reading order: neighbours, relations, runs, distances
truths/   what others say is true of a page, read into one structure
page      a page as it was found against one truth
"""

from pipeline.scores.counts import MatchCounts, total
from pipeline.scores.lines import LineScore, score_lines, total_lines
from pipeline.scores.words import WordScore, count_words, match_words, normalised, pair_words

__all__ = [
    "LineScore",
    "MatchCounts",
    "WordScore",
    "count_words",
    "match_words",
    "normalised",
    "pair_words",
    "score_lines",
    "total",
    "total_lines",
]
