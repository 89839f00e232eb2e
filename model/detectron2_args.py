"""The visual backbone in the words of detectron2, which Hugging Face's configuration stores.

`detectron2_config_args` is a flat dictionary of detectron2 options. Pagemill has no detectron2: it reads the few
options that shape the backbone, and writes what Hugging Face's classes need to build the same network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PIXEL_MEAN = (103.53, 116.28, 123.675)
PIXEL_STD = (57.375, 57.12, 58.395)

# Blocks per stage of the depths that detectron2 can build with bottleneck blocks.
STAGES_OF_DEPTH = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

_LEVELS = ["res2", "res3", "res4", "res5"]
_OPTION_OF_FIELD = {
    "visual_groups": "MODEL.RESNETS.NUM_GROUPS",
    "visual_width_per_group": "MODEL.RESNETS.WIDTH_PER_GROUP",
    "visual_stem_channels": "MODEL.RESNETS.STEM_OUT_CHANNELS",
    "visual_res2_channels": "MODEL.RESNETS.RES2_OUT_CHANNELS",
}
# Detectron2's own defaults, for options that a stored dictionary leaves out.
_DETECTRON2_DEFAULTS = {
    "MODEL.RESNETS.DEPTH": 50,
    "MODEL.RESNETS.NUM_GROUPS": 1,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 64,
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 64,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 256,
    "MODEL.RESNETS.STRIDE_IN_1X1": True,
    "MODEL.PIXEL_MEAN": list(PIXEL_MEAN),
    "MODEL.PIXEL_STD": [1.0, 1.0, 1.0],
}


def backbone_fields(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The `visual_*` fields that stored detectron2 options ask for.

    Raises ValueError for an option that this backbone cannot follow: another depth, stride or pixel statistics.
    """
    if not isinstance(arguments, Mapping):
        raise ValueError(f"detectron2_config_args: {arguments!r} is no dictionary")
    options = {**_DETECTRON2_DEFAULTS, **arguments}
    depth = options["MODEL.RESNETS.DEPTH"]
    if not isinstance(depth, int) or depth not in STAGES_OF_DEPTH:
        raise ValueError(f"detectron2_config_args: MODEL.RESNETS.DEPTH {depth} is not one of {sorted(STAGES_OF_DEPTH)}")
    fixed = {
        "MODEL.RESNETS.STRIDE_IN_1X1": False,
        "MODEL.PIXEL_MEAN": list(PIXEL_MEAN),
        "MODEL.PIXEL_STD": list(PIXEL_STD),
    }
    for name, wanted in fixed.items():
        found = list(options[name]) if isinstance(options[name], tuple) else options[name]
        if found != wanted:
            raise ValueError(f"detectron2_config_args: {name} {found} is not supported, only {wanted}")
    fields: dict[str, Any] = {field: options[name] for field, name in _OPTION_OF_FIELD.items()}
    return {"visual_depths": STAGES_OF_DEPTH[depth], **fields}


def detectron2_args(fields: Mapping[str, Any], fpn_channels: int) -> dict[str, Any] | None:
    """Detectron2 options of a backbone, or None where detectron2 has no such depth.

    `fields` holds the `visual_*` fields of the configuration. Options of the heads that Hugging Face builds and throws
    away are left at detectron2's defaults.
    """
    depths = {stages: depth for depth, stages in STAGES_OF_DEPTH.items()}
    depth = depths.get(tuple(fields["visual_depths"]))
    if depth is None:
        return None
    return {
        "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
        "MODEL.FPN.IN_FEATURES": list(_LEVELS),
        "MODEL.FPN.OUT_CHANNELS": fpn_channels,
        "MODEL.MASK_ON": True,
        "MODEL.PIXEL_STD": list(PIXEL_STD),
        "MODEL.ANCHOR_GENERATOR.SIZES": [[32], [64], [128], [256], [512]],
        "MODEL.RPN.IN_FEATURES": ["p2", "p3", "p4", "p5", "p6"],
        "MODEL.ROI_HEADS.NAME": "StandardROIHeads",
        "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3", "p4", "p5"],
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
        "MODEL.ROI_MASK_HEAD.NAME": "MaskRCNNConvUpsampleHead",
        "MODEL.ROI_MASK_HEAD.NUM_CONV": 4,
        "MODEL.RESNETS.DEPTH": depth,
        "MODEL.RESNETS.OUT_FEATURES": list(_LEVELS),
        "MODEL.RESNETS.STRIDE_IN_1X1": False,
        **{name: fields[field] for field, name in _OPTION_OF_FIELD.items()},
    }
