"""Reading order: an order that was found against a true one, or against true relations. Ids may be any integers.

A truth is a chain (a sequence of ids) or a relation (pairs a -> b: b is read next after a, and an id may have several
that follow it, or none). A chain is the relation of its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.scores.counts import MatchCounts

Pair = tuple[int, int]


def successors(found: Sequence[int], relations: Collection[Pair]) -> MatchCounts:
    """Pairs of neighbours in `found` against the true pairs a -> b, each of which counts once.

    ValueError where an id is found twice.
    """
    _check_once(found, "found")
    true = set(relations)
    return MatchCounts(sum(pair in true for pair in pairwise(found)), max(len(found) - 1, 0), len(true))


def relations_kept(found: Sequence[int], relations: Collection[Pair]) -> MatchCounts:
    """True pairs a -> b of which a was found before b; as counts whose recall is the share.

    A pair of which one was not found is not kept. ValueError where an id is found twice.
    """
    place = _places(found, "found")
    true = set(relations)
    kept = sum(a in place and b in place and place[a] < place[b] for a, b in true)
    return MatchCounts(kept, kept, len(true))


def bleu(found: Sequence[int], true: Sequence[int], longest: int = 4) -> float:
    """Page BLEU over ids, 0..1: the geometric mean of the precisions of runs of 1 to `longest` ids.

    Shorter pages have shorter runs only. Without smoothing: 0 where no run of some length is right. A page of which
    less was found than there is pays for that (brevity). ValueError where an id comes twice.
    """
    _check_once(found, "found")
    _check_once(true, "true")
    if not found or not true:
        return float(not found and not true)
    logs = 0.0
    lengths = range(1, min(longest, len(true)) + 1)
    for length in lengths:
        runs, right = _runs(found, length), _runs(true, length)
        matched = len(runs & right)
        if not matched:
            return 0.0
        logs += math.log(matched / len(runs))
    brevity = min(0.0, 1 - len(true) / len(found))
    return math.exp(brevity + logs / len(lengths))


def average_relative_distance(found: Sequence[int], true: Sequence[int]) -> float:
    """By how many places an id was found away from its own, on average; 0 is best.

    An id that was not found counts as a page's length of `found` away. ValueError where an id comes twice.
    """
    place = _places(found, "found")
    _check_once(true, "true")
    if not true:
        return 0.0
    return sum(abs(at - place[i]) if i in place else len(found) for at, i in enumerate(true)) / len(true)


def kendall_tau(found: Sequence[int], true: Sequence[int]) -> float:
    """Kendall's tau over the ids that both have, -1..1: 1 in order, -1 backwards; 1 for fewer than two ids.

    Takes time near linear in their number. ValueError where an id comes twice.
    """
    place = _places(true, "true")
    _check_once(found, "found")
    there = np.array([place[i] for i in found if i in place], dtype=np.int64)
    count = len(there)
    if count < 2:
        return 1.0
    ranks = np.argsort(np.argsort(there, kind="stable"), kind="stable")
    return 1.0 - 4.0 * inversions(ranks) / (count * (count - 1))


def inversions(ranks: NDArray[np.int64]) -> int:
    """Pairs of a permutation of 0..N-1 that stand the wrong way round.

    Bit by bit from the highest: within numbers that are equal so far, each zero is behind so many ones.
    """
    count = 0
    for shift in range(max(len(ranks) - 1, 0).bit_length() - 1, -1, -1):
        group, bit = ranks >> (shift + 1), (ranks >> shift) & 1
        before = np.cumsum(bit) - bit
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        in_group = before - np.repeat(before[starts], np.diff(starts, append=len(ranks)))
        count += int(in_group[bit == 0].sum())
        ranks = ranks[np.argsort(ranks >> shift, kind="stable")]
    return count


def _runs(ids: Sequence[int], length: int) -> set[tuple[int, ...]]:
    return {tuple(ids[at : at + length]) for at in range(len(ids) - length + 1)}


def _places(ids: Sequence[int], name: str) -> dict[int, int]:
    _check_once(ids, name)
    return {number: at for at, number in enumerate(ids)}


def _check_once(ids: Sequence[int], name: str) -> None:
    if len(set(ids)) != len(ids):
        raise ValueError(f"{name} must have each id once, got {len(ids)} with {len(set(ids))} different ones")
