"""What became of every tensor when weights were loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

_NAMED_AT_MOST = 20


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
        """Printed: one line for what was loaded, one for each rule, one for what is missing."""
        lines = [f"{self.source} into {self.model}: {len(self.loaded)} tensors loaded"]
        for rule in sorted(set(self.ignored.values())):
            names = [name for name, why in self.ignored.items() if why == rule]
            lines.append(f"  {len(names)} ignored, {rule}: {some(names)}")
        if self.missing:
            lines.append(f"  {len(self.missing)} not in the file, newly initialised: {some(self.missing)}")
        return "\n".join(lines)


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
    faults = {
        "missing": wanted.keys() - given.keys() - set(fresh),
        "unexpected": given.keys() - wanted.keys(),
        "of numbers that are no fractions": {
            f"{name} {given[name].dtype}"
            for name in shared
            if wanted[name].is_floating_point() and not given[name].is_floating_point()
        },
        "of another shape": {
            f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
            for name in shared
            if given[name].shape != wanted[name].shape
        },
    }
    found = [f"{len(names)} {kind}: {some(names)}" for kind, names in faults.items() if names]
    if found:
        raise ValueError(f"{source} does not fit {what}: {'; '.join(found)}")
    for name in shared:
        wanted[name].copy_(given[name])
