"""How results are scored: pure functions of what was found and what is true."""

from pipeline.scores.words import WordScore, match_words, normalised, total

__all__ = ["WordScore", "match_words", "normalised", "total"]
