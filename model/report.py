"""What became of every tensor when weights were loaded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import torch
from torch import Tensor

_NAMED_AT_MOST = 20
_NUMBER = re.compile(r"(?<=\.)(0|[1-9][0-9]{0,8})(?=\.)")  # of a layer; one with a leading zero is a name


@dataclass
class LoadReport:
    """Each tensor of the file is in `loaded` or `ignored`, each of the model in `loaded` or `missing`.

    `loaded` has names as the file has them, `ignored` the rule by which a name was passed over, and `missing` what the
    model has and the file has not: those stay as they were drawn.
    """

    source: str
    model: str
    loaded: list[str] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Printed: every tensor by its name, below what became of it; layers that are alike share a line."""
        first, *parts = self._parts()
        shown = [first, *((head, names) for head, names in parts if names)]
        return "\n".join("\n".join([head, *(f"    {name}" for name in grouped(names))]) for head, names in shown)

    def summary(self) -> str:
        """One line for what was loaded, one for each rule, one for what is missing, with the first names."""
        (head, _), *parts = self._parts()
        return "\n".join([head, *(f"{text}: {some(names)}" for text, names in parts if names)])

    def _parts(self) -> list[tuple[str, list[str]]]:
        rules = {rule: [name for name, why in self.ignored.items() if why == rule] for rule in self.ignored.values()}
        return [
            (f"{self.source} into {self.model}: {len(self.loaded)} tensors loaded", self.loaded),
            *((f"  {len(rules[rule])} ignored, {rule}", rules[rule]) for rule in sorted(rules)),
            (f"  {len(self.missing)} not in the file, newly initialised", self.missing),
        ]


def grouped(names: Iterable[str]) -> list[str]:
    """The names in order; those that differ in one number alone are one, with `{0..11}` for the numbers.

    No name is lost and none comes in: only full ranges are written so.
    """
    apart: dict[tuple[str, str], list[int]] = {}
    lines = []
    for name in names:
        number = _NUMBER.search(name)
        if number is None:
            lines.append(name)
        else:
            apart.setdefault((name[: number.start()], name[number.end() :]), []).append(int(number[0]))
    for (before, after), numbers in apart.items():
        lines += [f"{before}{written}{after}" for written in _ranges(sorted(numbers))]
    return sorted(lines)


def _ranges(numbers: list[int]) -> Iterator[str]:
    """Each run of numbers that follow each other: `7`, or `{0..6}`."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield str(found[0]) if len(found) == 1 else f"{{{found[0]}..{found[-1]}}}"


def some(names: Iterable[str]) -> str:
    """The first names in order, and how many more there are."""
    listed = sorted(names)
    rest = len(listed) - _NAMED_AT_MOST
    return ", ".join(listed[:_NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


@torch.no_grad()
def copy_exactly(
    wanted: Mapping[str, Tensor], given: Mapping[str, Tensor], source: str, what: str, fresh: Collection[str] = ()
) -> None:
    """Copy each of `given` into its namesake; nothing may lack but `fresh`, and nothing be left over.

    Raises ValueError saying what is missing, unexpected or of another shape, before anything is copied.
    """
    shared = wanted.keys() & given.keys()
    # A small file may name a huge tensor: only what has the right shape is worked with.
    alike = {name for name in shared if wanted[name].shape == given[name].shape}
    faults = {
        "missing": wanted.keys() - given.keys() - set(fresh),
        "unexpected": given.keys() - wanted.keys(),
        "of numbers that are no fractions": {
            f"{name} {given[name].dtype}"
            for name in shared
            if wanted[name].is_floating_point() and not given[name].is_floating_point()
        },
        "not finite": {name for name in alike if not given[name].to(wanted[name].dtype).isfinite().all()},
        "of another shape": {
            f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}" for name in shared - alike
        },
    }
    found = [f"{len(names)} {kind}: {some(names)}" for kind, names in faults.items() if names]
    if found:
        raise ValueError(f"{source} does not fit {what}: {'; '.join(found)}")
    for name in shared:
        wanted[name].copy_(given[name])
