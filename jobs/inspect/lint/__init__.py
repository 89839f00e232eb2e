"""lint: every contract of the format, checked on the whole dataset, shard by shard. Damage is found, never raised.

check      dataset.json, configuration, stray files          -> lint(url)
units      generations, markers, files, counts
plan       what each unit was to do
rows       manifest rows, by themselves and against the plan
shard      index against manifest, tar against index
tars       a tar read by the standard library alone
page       a page sample: record, lines, picture
sample     a training sample: tokens, covers, partners' plan
accounts   keys and duplicates over the whole dataset
partners   partners over the whole dataset
"""

from jobs.inspect.lint.check import lint
from jobs.inspect.lint.findings import CODES, Finding

__all__ = ["CODES", "Finding", "lint"]
