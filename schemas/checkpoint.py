"""Checkpoints: `commit.json` is written last and says which files belong to a step."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt

from schemas.base import Record
from schemas.dataset import FileRef
from schemas.stream import StreamState

COMMIT_FILE = "commit.json"


class CheckpointCommit(Record):
    """A complete checkpoint: its files, the step it was taken after, and the stream's state."""

    kind: Literal["pagemill.checkpoint/1"] = Field(default="pagemill.checkpoint/1", alias="schema")
    step: NonNegativeInt
    stream: StreamState
    files: list[FileRef]
