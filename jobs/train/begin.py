"""What a run begins with beside its seed: weights of a text encoder and of a picture's backbone (paper section 4.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jobs.train import checkpoint
from jobs.train.config import RunConfig, StoredWeights, recorded
from model import LayoutLMv2ForPreTraining
from model.files import weights_file
from model.foreign import load_backbone, load_text_weights
from model.report import LoadReport
from pipeline.prepare.tokenizer import PageTokenizer

LOADED_FILE = "loaded.txt"  # what became of each tensor, in the run's folder
_CHUNK = 1 << 24  # bytes


def stored_weights(option: str, place: Path | None) -> StoredWeights | None:
    """The weights at `place` (a file, or a folder that holds one) as a run's configuration names them."""
    if place is None:
        return None
    try:
        return StoredWeights(place=str(place.absolute()), sha256=_sha256(weights_file(place)))
    except OSError as error:
        raise ValueError(f"{option} {str(place)!r} cannot be read: {error.strerror}") from None


def weights_of_run(name: Literal["text_weights", "backbone"], place: Path | None, run: Path) -> StoredWeights | None:
    """Those that the option for `name` names, or where the run needs them no more, those of its record.

    A run that has a checkpoint has weights of its own: it goes on without the option, or with a file that is gone.
    """
    before: StoredWeights | None = getattr(recorded(run), name, None)
    asked = place is not None and (before is None or before.place != str(place.absolute()) or _is_there(place))
    if not asked and before is not None and checkpoint.newest(run / checkpoint.CHECKPOINTS)[0] is not None:
        return before
    return stored_weights(f"--{name.replace('_', '-')}", place)


def _is_there(place: Path) -> bool:
    try:
        weights_file(place)
    except ValueError:  # nothing, or a folder without them
        return False
    return True


def said_of(reports: Sequence[LoadReport], run: Path) -> str:
    """What is printed of them; the whole of them is in the run's folder once it has begun."""
    return "\n".join([*(report.summary() for report in reports), f"every tensor by its name: {run / LOADED_FILE}"])


def load_beginnings(model: LayoutLMv2ForPreTraining, config: RunConfig, tokenizer: PageTokenizer) -> list[LoadReport]:
    """Load what `config` names into a model as it was drawn; what became of each tensor.

    ValueError where weights do not fit, are of another vocabulary, or are not those that the run was begun with.
    """
    reports = []
    for weights in (config.text_weights, config.backbone):
        if weights is not None and _sha256(weights_file(Path(weights.place))) != weights.sha256:
            raise ValueError(f"{weights.place} holds other weights than those that the run was begun with")
    if config.text_weights is not None:
        reports.append(load_text_weights(model, config.text_weights.place, tokenizer.vocabulary()))
    if config.backbone is not None:
        reports.append(load_backbone(model, weights_file(Path(config.backbone.place))))
    return reports


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
