"""Lines: which words were found to stand together, against which do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.scores.counts import MatchCounts, total

_SIDE = 0.5  # of the lower line's height that two lines share which stand side by side
_GUTTER = 1.0  # heights of the lower line between them: more than any space of a text

_NEAR = 8  # lines to the right of one that are looked at

FloatBox = Sequence[float]


@dataclass(frozen=True)
class LineScore:
    """Counts of one page or of many.

    `strict` asks for all words of a line, `grouping` only for those words that were found at all, so that what
    recognition got wrong is not held against the lines. `joined` are found lines with words of several true lines,
    `across` those of them that reach over a gutter: between columns, or between cells of a table.
    """

    strict: MatchCounts = field(default=MatchCounts(0, 0, 0))
    grouping: MatchCounts = field(default=MatchCounts(0, 0, 0))
    joined: int = 0
    across: int = 0


def score_lines(
    found_line: Sequence[int | None],
    true_line: Sequence[int | None],
    pairs: Iterable[tuple[int, int]],
    true_boxes: Sequence[FloatBox],
    aspect: float,
) -> LineScore:
    """Score one page: a line is right when its matched words are those of one true line, all of them and no others.

    `found_line` and `true_line` give the line of each word, None for a word that is in no line or does not count;
    `pairs` are (found word, true word) of the words that match; `true_boxes` are 0..1000 of a page of `aspect` (its
    width over its height).
    """
    true = _members(true_line)
    matched = [(i, j) for i, j in pairs if found_line[i] is not None and true_line[j] is not None]
    found: dict[int, set[int]] = {line: set() for line in found_line if line is not None}
    for i, j in matched:
        line = found_line[i]
        assert line is not None
        found[line].add(j)
    there = {j for _, j in matched}
    seen = {line: words & there for line, words in true.items() if words & there}
    groups = [words for words in found.values() if words]
    several = [lines for words in groups if len(lines := {true_line[j] for j in words}) > 1]
    frames = _frames(true, true_boxes, {line for lines in several for line in lines})
    return LineScore(
        strict=MatchCounts(_equal(found.values(), true.values()), len(found), len(true)),
        grouping=MatchCounts(_equal(groups, seen.values()), len(groups), len(seen)),
        joined=len(several),
        across=sum(_reaches([frames[line] for line in lines], aspect) for lines in several),
    )


def total_lines(scores: Iterable[LineScore]) -> LineScore:
    """All pages together."""
    every = list(scores)
    return LineScore(
        strict=total(score.strict for score in every),
        grouping=total(score.grouping for score in every),
        joined=sum(score.joined for score in every),
        across=sum(score.across for score in every),
    )


def _members(line: Sequence[int | None]) -> dict[int, set[int]]:
    members: defaultdict[int, set[int]] = defaultdict(set)
    for word, number in enumerate(line):
        if number is not None:
            members[number].add(word)
    return dict(members)


def _equal(found: Collection[set[int]], true: Collection[set[int]]) -> int:
    """How many of the sets are the same; true ones do not overlap, and so neither do those."""
    wanted = {frozenset(words) for words in true}
    return sum(frozenset(words) in wanted for words in found)


def _frames(
    true: Mapping[int, set[int]], boxes: Sequence[FloatBox], lines: set[int | None]
) -> dict[int | None, tuple[float, float, float, float]]:
    frames: dict[int | None, tuple[float, float, float, float]] = {}
    for line in lines:
        assert line is not None
        left, top, right, bottom = zip(*(boxes[word] for word in true[line]), strict=True)
        frames[line] = min(left), min(top), max(right), max(bottom)
    return frames


def _reaches(frames: Iterable[tuple[float, float, float, float]], aspect: float) -> bool:
    """Whether two of the lines stand side by side with a gutter between them, and with few others in there."""
    by_left = sorted(frames)
    return any(
        _parted(one, other, aspect) for at, one in enumerate(by_left) for other in by_left[at + 1 : at + 1 + _NEAR]
    )


def _parted(left: FloatBox, right: FloatBox, aspect: float) -> bool:
    lower = min(left[3] - left[1], right[3] - right[1])
    shared = min(left[3], right[3]) - max(left[1], right[1])
    return shared >= _SIDE * lower and (right[0] - left[2]) * aspect > _GUTTER * lower
