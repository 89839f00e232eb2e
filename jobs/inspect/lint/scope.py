"""What all checks of one dataset share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.inspect.lint.accounts import Accounts
from jobs.inspect.lint.findings import Findings
from jobs.inspect.lint.partners import Pairs
from jobs.inspect.lint.sample import TrainFacts
from pipeline.places import file_system
from pipeline.shards.files import Store
from schemas.base import sha256_hex
from schemas.dataset import DatasetInfo, FileRef


@dataclass
class Scope:
    """The dataset under test, the files that lie there, and what was found so far."""

    store: Store
    info: DatasetInfo
    files: dict[str, int]  # name -> size
    findings: Findings
    tick: Callable[[], None]
    accounts: Accounts = field(default_factory=Accounts)
    pairs: Pairs = field(default_factory=Pairs)
    train: TrainFacts | None = None  # of a training dataset whose configuration is whole

    def below(self, folder: str) -> set[str]:
        """Names, relative to `folder`, of all files anywhere below it."""
        return {name.removeprefix(f"{folder}/") for name in self.files if name.startswith(f"{folder}/")}

    def present(self, name: str, size: int) -> bool:
        """Whether `name` is there with that size; a finding where not."""
        if not self.findings.expect(name in self.files, "file-missing", name, "is named, and absent"):
            return False
        return self.findings.expect(
            self.files[name] == size, "file-size", name, f"{self.files[name]} bytes, {size} are recorded"
        )

    def read(self, folder: str, ref: FileRef) -> bytes | None:
        """The bytes of a file, or None and a finding where they are not the recorded ones."""
        name = f"{folder}/{ref.name}"
        if not self.present(name, ref.size):
            return None
        with self.findings.guard("file-missing", name):
            data = self.store.read(name)
            if self.findings.expect(sha256_hex(data) == ref.sha256, "file-sha256", name, "its bytes are others"):
                return data
        return None


def list_files(store: Store) -> dict[str, int]:
    """Every finished file of a dataset and its size; names that begin with a dot are writes under way."""
    fs, root, _ = file_system(store.url)
    root = root.rstrip("/")
    found = fs.find(root, detail=True)
    names = {name.removeprefix(root).lstrip("/"): int(entry["size"]) for name, entry in found.items()}
    return {name: size for name, size in sorted(names.items()) if not any(p.startswith(".") for p in name.split("/"))}
