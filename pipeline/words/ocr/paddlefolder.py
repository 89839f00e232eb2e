"""What PaddleOCR must find on the disk, written before its child forbids itself to write.

    python -m pipeline.words.ocr.paddlefolder FOLDER

A process of its own does it, as the recogniser's alphabet stands in its ONNX file and no worker loads an engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipeline.limited.process import environment
from pipeline.words.ocr.choice import OcrName, OcrOptions, model_files

_CACHES = ("func_ret", "locks", "temp")  # folders that PaddleX makes when it is imported, unless they are there
_DECODE = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
# The published settings of the PP-OCR models.
_DETECTION: dict[str, Any] = {
    "PreProcess": {
        "transform_ops": [
            _DECODE,
            {"DetResizeForTest": None},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "order": "hwc",
                    "scale": "1./255.",
                }
            },
            {"ToCHWImage": None},
            {"KeepKeys": {"keep_keys": ["image"]}},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    },
}
_RECOGNITION: dict[str, Any] = {
    "PreProcess": {"transform_ops": [_DECODE, {"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
    "PostProcess": {"name": "CTCLabelDecode"},
}


def prepare(folder: Path, options: OcrOptions) -> None:
    """Make `folder`, which is there and empty, ready for a `PaddleEngine`; RuntimeError where that fails."""
    for name in _CACHES:
        (folder / "cache" / name).mkdir(parents=True)
    if options.models is not None:
        return
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path)  # noqa: PTH100 - of "" too
    made = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", __name__, str(folder)],
        env=environment(path),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if made.returncode != 0:
        raise RuntimeError(f"PaddleOCR's model folder cannot be made: {made.stderr.strip()[-300:]}")


def write_models(folder: Path) -> None:
    """The networks in RapidOCR's wheel as PaddleOCR's model folders det and rec: a link and a description each."""
    import onnxruntime  # noqa: PLC0415 - only in the process that is started for it

    files = model_files(OcrOptions(name=OcrName.PADDLEOCR))
    for name, path in files.items():
        network = "det" if "_det_" in name else "rec"
        size = path.stem.split("_")[-1]
        described = {"Global": {"model_name": f"{path.stem.split('_')[0]}_{size}_{network}"}}
        if network == "det":
            described |= _DETECTION
        else:
            session = onnxruntime.InferenceSession(str(path))
            characters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
            decoding = _RECOGNITION["PostProcess"] | {"character_dict": characters}
            described |= _RECOGNITION | {"PostProcess": decoding}
        (folder / network).mkdir()
        (folder / network / "inference.onnx").symlink_to(path)
        # JSON is YAML, too.
        (folder / network / "inference.yml").write_text(json.dumps(described), encoding="utf-8")


if __name__ == "__main__":
    write_models(Path(sys.argv[1]))
