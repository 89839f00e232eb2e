"""What a run begins with beside its seed: weights of a text encoder and of a picture's backbone (paper section 4.1)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jobs.train.config import RunConfig, StoredWeights
from model import LayoutLMv2ForPreTraining
from model.files import weights_file
from model.foreign import load_backbone, load_text_weights
from pipeline.prepare.tokenizer import PageTokenizer

_CHUNK = 1 << 24  # bytes


def stored_weights(option: str, place: Path | None) -> StoredWeights | None:
    """The weights at `place` (a file, or a folder that holds one) as a run's configuration names them."""
    if place is None:
        return None
    try:
        return StoredWeights(place=str(place.absolute()), sha256=_sha256(weights_file(place)))
    except OSError as error:
        raise ValueError(f"{option} {str(place)!r} cannot be read: {error.strerror}") from None


def load_beginnings(model: LayoutLMv2ForPreTraining, config: RunConfig, tokenizer: PageTokenizer) -> list[str]:
    """Load what `config` names into a model as it was drawn; what became of each tensor, as text to be printed.

    ValueError where weights do not fit, are of another vocabulary, or are not those that the run was begun with.
    """
    said = []
    for weights in (config.text_weights, config.backbone):
        if weights is not None and _sha256(weights_file(Path(weights.place))) != weights.sha256:
            raise ValueError(f"{weights.place} holds other weights than those that the run was begun with")
    if config.text_weights is not None:
        said.append(str(load_text_weights(model, config.text_weights.place, tokenizer.vocabulary())))
    if config.backbone is not None:
        said.append(str(load_backbone(model, weights_file(Path(config.backbone.place)))))
    return said


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
