"""The stream: position -> sample -> draws -> batch, a pure function of (dataset, seed, position).

    position        of the global stream, 0 .. infinity
      |  slots      which dataset (mixture), which sample of which shard (order), like lengths together
      |  reader     members by offset, checked against index and hash: of files, a cache, or a store (tars)
      |  draw       window, MVLM selection, TIM picture, masks and covers, TIA labels
      |  collate    padded tensors, BGR
      |  loader     worker processes, prefetching, the state
    batch           of one rank, the same for any world size and number of loader workers

The only folder of the pipeline that knows torch.
"""

from pipeline.stream.cache import ShardCache
from pipeline.stream.collate import Batch, collate
from pipeline.stream.draw import draw
from pipeline.stream.loader import StreamLoader
from pipeline.stream.order import SampleOrder, rank_positions
from pipeline.stream.reader import TrainReader
from pipeline.stream.slots import StreamOrder
from pipeline.stream.stream import PretrainStream, make_spec

__all__ = [
    "Batch",
    "PretrainStream",
    "SampleOrder",
    "ShardCache",
    "StreamLoader",
    "StreamOrder",
    "TrainReader",
    "collate",
    "draw",
    "make_spec",
    "rank_positions",
]
