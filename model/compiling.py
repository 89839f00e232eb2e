"""`torch.compile` for the models, as one graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch._dynamo import config as dynamo

from model.checks import need_integers, prepare_inputs
from model.weights import PretrainedModel

_INTEGERS = ("mlm_labels", "tia_labels", "tim_labels", "start_positions", "end_positions")
_INPUTS = ("input_ids", "bbox", "image", "attention_mask", "token_type_ids", "position_ids")


def compiled(model: PretrainedModel, *, backend: str = "inductor", dynamic: bool | None = None) -> Callable[..., Any]:
    """The model's forward pass as one graph without breaks; call it with keywords as the model itself.

    Inputs are checked before the graph, where a bad one still is a ValueError. The number of masked tokens is not known
    to the graph, which needs dynamo's `capture_dynamic_output_shape_ops`: it is switched on, for this process. Inside a
    graph torch draws its own dropout, so a compiled run is not bit-equal to one that is not. Of relation extraction,
    whose pairs are lists, the body is the graph, and it is one in `model` itself from then on.
    """
    dynamo.capture_dynamic_output_shape_ops = True
    graph: Callable[..., Any] = model
    if model.whole_graph:
        graph = torch.compile(model, fullgraph=True, backend=backend, dynamic=dynamic)
    else:
        model.get_submodule("layoutlmv2").compile(fullgraph=True, backend=backend, dynamic=dynamic)

    def forward(**arguments: Any) -> Any:
        prepare_inputs(model.config, **{name: arguments[name] for name in _INPUTS if name in arguments})
        for name in _INTEGERS:
            if arguments.get(name) is not None:
                need_integers(name, arguments[name])
        return graph(**arguments)

    return forward
