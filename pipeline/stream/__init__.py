"""The stream: position -> sample -> draws -> batch, a pure function of (dataset, seed, position).

    position        of the global stream, 0 .. infinity
      |  order      keyed permutation in two levels: which sample of which shard
      |  reader     members by offset, checked by hash
      |  draw       window, MVLM selection, TIM picture, masks and covers, TIA labels
      |  collate    padded tensors, BGR
    batch           of one rank, the same for any world size and number of loader workers

The only folder of the pipeline that knows torch.
"""

from pipeline.stream.collate import Batch, collate
from pipeline.stream.draw import draw
from pipeline.stream.loader import PretrainStream
from pipeline.stream.order import SampleOrder, rank_positions
from pipeline.stream.reader import TrainReader

__all__ = ["Batch", "PretrainStream", "SampleOrder", "TrainReader", "collate", "draw", "rank_positions"]
