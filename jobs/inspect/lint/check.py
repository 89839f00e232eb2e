"""lint as a function: the oracle of everything that writes datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from jobs.inspect.lint.findings import Finding, Findings
from jobs.inspect.lint.sample import TrainFacts
from jobs.inspect.lint.scope import Scope, list_files
from jobs.inspect.lint.units import check_generation
from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import generation_name
from schemas.dataset import DATASET_FILE, DatasetInfo


def lint(url: str, on_samples: Callable[[int, int], None] = lambda done, total: None) -> list[Finding]:
    """Every fault of the dataset at `url`: an empty list says that all its contracts hold.

    Reads all of it, shard by shard. `on_samples` is told (samples done, samples in all). Damage of any kind is a
    finding; ValueError only where there is no dataset at all.
    """
    store = Store(url)
    if not store.exists(DATASET_FILE):
        raise ValueError(f"no dataset at {url}: it has no {DATASET_FILE}")
    findings = Findings()
    info = None
    with findings.guard("dataset-file", DATASET_FILE):
        info = DatasetInfo.from_json(store.read(DATASET_FILE))
    if info is not None:
        scope = Scope(store, info, list_files(store), findings, _ticker(info.totals.ok, on_samples))
        _check_dataset(scope)
    return sorted(set(findings.found))


def _ticker(total: int, on_samples: Callable[[int, int], None]) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_samples(done, total)

    return tick


def _check_dataset(scope: Scope) -> None:
    check_info(scope.info, scope.findings)
    _check_config(scope)
    _check_strays(scope)
    for generation in scope.info.generations:
        check_generation(scope, generation)
    scope.accounts.check(scope.findings)
    with scope.findings.guard("index-rows", scope.store.url):
        scope.pairs.check(scope.findings, scope.accounts, lambda: _indexes(scope))


def check_info(info: DatasetInfo, findings: Findings) -> None:
    """dataset.json by itself: digest, totals and names of the generations."""
    findings.expect(
        info.digest == DatasetInfo.digest_of(info.generations), "dataset-digest", DATASET_FILE, f"says {info.digest}"
    )
    with findings.guard(
        "dataset-totals", DATASET_FILE
    ):  # a generation may say that it replaces rows that are not there
        total = DatasetInfo.totals_of(info.generations)
        findings.expect(total == info.totals, "dataset-totals", DATASET_FILE, "its generations add up to others")
    names = [generation.name for generation in info.generations]
    findings.expect(
        names == [generation_name(i) for i in range(len(names))],
        "generation-name",
        DATASET_FILE,
        f"generations {names}",
    )


def _check_config(scope: Scope) -> None:
    config, findings = scope.info.config, scope.findings
    if scope.info.content == "pages":
        longest = config.get("picture_longest")
        findings.expect(isinstance(longest, int), "dataset-config", DATASET_FILE, f"picture_longest is {longest!r}")
        return
    with findings.guard("dataset-config", DATASET_FILE):
        scope.train = TrainFacts(PrepareConfig(**config), _vocabulary(scope, config.get("tokenizer")))


def _vocabulary(scope: Scope, digest: object) -> int | None:
    with scope.findings.guard("dataset-tokenizer", TOKENIZER_FILE):
        tokenizer = load_tokenizer(scope.store.read(TOKENIZER_FILE))
        scope.findings.expect(
            tokenizer.digest == digest, "dataset-tokenizer", TOKENIZER_FILE, f"not the configured one: {digest}"
        )
        return tokenizer.vocab_size
    return None


def _check_strays(scope: Scope) -> None:
    """Files outside the finished generations. The next generation may be under way: it promises nothing yet."""
    count = len(scope.info.generations)
    folders = {generation_name(i) for i in range(count + 1)} | {
        generation.name for generation in scope.info.generations
    }
    own = {DATASET_FILE, TOKENIZER_FILE} if scope.info.content == "train" else {DATASET_FILE}
    for name in scope.files:
        if name not in own and ("/" not in name or name.split("/")[0] not in folders):
            scope.findings.add("file-stray", name, "nothing names it")


def _indexes(scope: Scope) -> Iterator[pa.Table]:
    """Indexes of all shards that can be read; those that cannot were found before."""
    quiet = Findings()
    with quiet.guard("index-file", scope.store.url):
        dataset = Dataset(scope.store.url)
        for shard in dataset.shards():
            with quiet.guard("index-file", shard.index):
                yield dataset.index(shard)
