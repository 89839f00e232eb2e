"""Tokens of each page of a training dataset with [CLS] and [SEP], one number a line: for `benchmarks.model --lengths`.

python benchmarks/lengths.py TRAIN > lengths.txt
"""

from __future__ import annotations

import argparse

from pipeline.shards.dataset import Dataset
from schemas.stream import Objectives


def main() -> None:
    """Print them in the order of the shards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    dataset = Dataset(parser.parse_args().train).require("train")
    most = Objectives().max_tokens
    for shard in dataset.shards():
        for tokens in dataset.index(shard).column("tokens").to_pylist():
            print(min(tokens, most) + 2)


if __name__ == "__main__":
    main()
