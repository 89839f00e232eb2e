"""A torch DataLoader over the stream, which counts what was handed out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from multiprocessing.util import Finalize
from typing import Any

import cv2
import pyarrow as pa
import torch
from torch.utils.data import DataLoader

from pipeline.stream.collate import Batch
from pipeline.stream.stream import PretrainStream, make_spec
from schemas.stream import StreamSpec, StreamState

_LAST = -100  # after all that multiprocessing itself does at a process's end

__all__ = ["PretrainStream", "StreamLoader", "make_spec"]


class StreamLoader(DataLoader[Batch]):
    """Batches of a stream from where its state stands up to step `steps`, or without end.

    The state moves when a batch is handed out: batches that `workers` processes prefetched (`prefetch` each) do not
    count. Batches lie in page-locked memory where there is a GPU, unless `pin_memory` says otherwise.
    """

    def __init__(
        self,
        stream: PretrainStream,
        steps: int | None = None,
        *,
        workers: int = 0,
        prefetch: int = 2,
        pin_memory: bool | None = None,
    ) -> None:
        super().__init__(
            stream,
            batch_size=None,
            num_workers=workers,
            prefetch_factor=prefetch if workers else None,
            pin_memory=torch.cuda.is_available() if pin_memory is None else pin_memory,
            # Threads of OpenCV or Ray do not survive a fork.
            multiprocessing_context="spawn" if workers else None,
            worker_init_fn=_begin_worker,
        )
        self.stream, self._steps = stream, steps
        self.skipped = 0  # slots of weight zero that stood for bad samples

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        self.stream.until = self._steps
        for batch in super().__iter__():
            self.stream.consume()
            self.skipped += len(batch.skipped)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The state, and beside it the specification that it is of; JSON holds both."""
        state = self.stream.state_dict().model_dump(mode="json")
        return {**state, "spec": self.stream.spec.model_dump(mode="json", by_alias=True)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; ValueError naming the field where it is of another specification."""
        fields = dict(state_dict)
        spec = fields.pop("spec", None)
        known = None if spec is None else StreamSpec.model_validate(spec)
        self.stream.load_state_dict(StreamState.model_validate(fields), known)


def _begin_worker(_: int) -> None:
    """One thread: workers are as many as there are CPUs for them. And an end without the interpreter's."""
    cv2.setNumThreads(1)
    pa.set_cpu_count(1)
    Finalize(None, _end_worker, exitpriority=_LAST)


def _end_worker() -> None:
    """End as a forked process would. Where batches are left unread, the thread that sends them is inside of torch when
    the interpreter ends, and the process aborts ("terminate called without an active exception").
    """
    if sys.exc_info()[0] is None:  # else multiprocessing has something to say, and an exit code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
