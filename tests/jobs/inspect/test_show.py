"""show: records to read and to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.inspect.reading import find_row, read_sample
from jobs.inspect.view import view
from pipeline.shards.dataset import Dataset
from schemas.sample import TimAction, TrainSample


def keys(folder: Path, status: str = "ok") -> list[str]:
    table = Dataset(str(folder)).manifest("gen-0000")
    return [row["key"] for row in table.to_pylist() if row["status"] == status and row["key"]]


def test_a_page(inspect_cli: Any, clean_pages: Path) -> None:
    key = keys(clean_pages)[0]
    code, out, _ = inspect_cli("show", clean_pages, key)
    assert code == 0
    assert f"key       {key}" in out
    assert "page      1 of 2" in out
    assert "route     text-layer (text-is-good)" in out
    lines = [line for line in out.splitlines() if line.startswith("    1  ")]
    assert lines[0].startswith("    1  <script>alert('x')</script> ")
    assert len(lines[0].split()) == 1 + 6


def test_a_page_as_json_is_the_stored_record(inspect_cli: Any, clean_pages: Path) -> None:
    key = keys(clean_pages)[0]
    _, out, _ = inspect_cli("show", clean_pages, key, "--json")
    sample = read_sample(Dataset(str(clean_pages)), find_row(Dataset(str(clean_pages)), key))
    assert json.loads(out) == json.loads(sample.members["json"])


def test_a_page_that_is_not_ok(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    (key,) = keys(clean_pages, "rejected")
    code, out, _ = inspect_cli("show", clean_pages, key)
    assert code == 0
    assert out.splitlines()[0] == f"{key}: rejected timeout"
    assert "\x1b" not in out
    _, out, _ = inspect_cli("show", clean_pages, key, "--json")
    assert json.loads(out)["reason"] == "timeout"
    assert inspect_cli("show", clean_pages, key, "--png", tmp_path / "x.png")[0] == 2
    assert not (tmp_path / "x.png").exists()


def test_no_such_key(inspect_cli: Any, clean_pages: Path) -> None:
    code, _, err = inspect_cli("show", clean_pages, "nothing")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "no page with key 'nothing'" in err


def test_a_page_is_drawn(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    for name, key in (("full", keys(clean_pages)[0]), ("empty", keys(clean_pages)[4])):
        code, out, _ = inspect_cli("show", clean_pages, key, "--png", tmp_path / f"{name}.png")
        assert (code, bool(out)) == (0, True)
    full = np.asarray(Image.open(tmp_path / "full.png").convert("RGB")).astype(int)
    assert full.shape == (1800, 1350, 3)
    # the first line's box: left edge of its first word, in the colour of lines; the empty page has none of it
    assert count_near(full[:, 81:84], (217, 131, 36)) > 20
    empty = np.asarray(Image.open(tmp_path / "empty.png").convert("RGB")).astype(int)
    assert count_near(empty, (217, 131, 36)) == 0


def count_near(pixels: Any, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - np.array(colour)).max(axis=-1) < 60).sum())


def test_no_folder_for_the_picture(inspect_cli: Any, clean_pages: Path, tmp_path: Path) -> None:
    code, _, err = inspect_cli("show", clean_pages, keys(clean_pages)[0], "--png", tmp_path / "no" / "x.png")
    assert code == 2
    assert "--png" in err


def test_a_training_sample(inspect_cli: Any, clean_train: Path) -> None:
    key = keys(clean_train)[0]
    dataset = Dataset(str(clean_train))
    sample = read_sample(dataset, find_row(dataset, key))
    record = TrainSample.from_json(sample.members["json"])
    for variant in range(4):
        code, out, _ = inspect_cli("show", clean_train, key, "--variant", variant)
        assert code == 0
        covered = [int(line.split()[0]) - 1 for line in out.splitlines() if line[6:7] == "#"]
        assert covered == view(sample, record, variant).lines
        assert f"variant {variant}* {record.tim[variant].action.value}" in out
    assert len([line for line in out.splitlines() if line[:5].strip().isdigit()]) == len(record.lines)


def test_no_such_variant(inspect_cli: Any, clean_train: Path) -> None:
    for variant in (4, -1):
        code, _, err = inspect_cli("show", clean_train, keys(clean_train)[0], "--variant", variant)
        assert code == 2
        assert "--variant must be 0..3" in err


@pytest.mark.parametrize("action", list(TimAction))
def test_what_the_model_sees(clean_train: Path, action: TimAction) -> None:
    """The picture of a variant is the page's own, its partner's or an even one, black where lines are covered."""
    dataset = Dataset(str(clean_train))
    seen = 0
    for key in keys(clean_train):
        sample = read_sample(dataset, find_row(dataset, key))
        record = TrainSample.from_json(sample.members["json"])
        for number, plan in enumerate(record.tim):
            if plan.action is not action:
                continue
            seen += 1
            variant = view(sample, record, number)
            pixels = np.asarray(variant.picture)
            painted = np.zeros(pixels.shape[:2], dtype=bool)
            for line in variant.lines:
                x0, y0, x1, y1 = (value * 224 / 1000 for value in record.lines[line])
                painted[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
            assert (pixels[painted] == 0).all()
            base = _expected(sample, plan)
            assert (pixels[~painted] == base[~painted]).all()
    assert seen


def _expected(sample: Any, plan: Any) -> Any:
    import io

    if plan.action is TimAction.DROPPED:
        return np.full((224, 224, 3), (124, 116, 104), dtype=np.uint8)
    name = plan.picture or "png"
    return np.asarray(Image.open(io.BytesIO(sample.members[name])).convert("RGB"))


def test_a_training_sample_is_drawn(inspect_cli: Any, clean_train: Path, tmp_path: Path) -> None:
    code, _, _ = inspect_cli("show", clean_train, keys(clean_train)[0], "--png", tmp_path / "x.png", "--variant", 1)
    assert code == 0
    assert Image.open(tmp_path / "x.png").size == (1800, 1800)


def test_another_tokenizer_is_refused(inspect_cli: Any, train: Any) -> None:
    key = keys(train.folder)[0]
    train.edit_bytes("tokenizer.json", lambda data: data.replace(b'"ka"', b'"ky"'))
    code, _, err = inspect_cli("show", train.url, key)
    assert code == 2
    assert "tokenizer.json is not the one" in err
