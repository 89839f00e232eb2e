"""`pagemill inspect replay` is what the trainer reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.train.config import OptimConfig, RunConfig, settle
from pipeline.stream import PretrainStream, make_spec
from schemas.stream import Objectives, Tail

Pagemill = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(("step", "world", "rank"), [(0, 1, 0), (5, 2, 1), (1000, 4, 3)])
def test_positions_and_keys_of_a_rank(pagemill: Pagemill, train: str, step: int, world: int, rank: int) -> None:
    options = ("--step", step, "--global-batch", 4, "--world-size", world, "--rank", rank, "--seed", 3)
    code, out, err = pagemill("inspect", "replay", train, *options, "--json")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("note: read with the default objectives")
    positions, keys = PretrainStream(train, make_spec(train, 3, 4), rank, world).plan(step)
    assert json.loads(out) == {"positions": positions, "keys": keys}
    assert out.count("\n") == 1
    code, out, _ = pagemill("inspect", "replay", train, *options)
    assert [line.split() for line in out.splitlines()] == [
        [str(p), key] for p, key in zip(positions, keys, strict=True)
    ]


def test_pictures_are_what_the_model_gets(pagemill: Pagemill, train: str, tmp_path: Path) -> None:
    options = ("--step", 2, "--global-batch", 4, "--world-size", 2, "--rank", 1, "--seed", 3)
    code, out, _ = pagemill("inspect", "replay", train, *options, "--png", tmp_path / "new" / "folder", "--json")
    assert code == 0
    batch = PretrainStream(train, make_spec(train, 3, 4), 1, 2).batch(2)
    assert json.loads(out)["keys"] == batch.keys
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert [file.name for file in files] == [f"{p:012d}-{k}.png" for p, k in zip(batch.positions, batch.keys)]
    for file, image in zip(files, batch.image):
        with Image.open(file) as shown:
            assert shown.mode == "RGB"
            assert np.array_equal(np.asarray(shown), image.numpy()[::-1].transpose(1, 2, 0))


@pytest.mark.parametrize("options", [("--buckets", 3), ("--tail", "drop"), ("--tail", "pad")])
def test_options_of_the_order(pagemill: Pagemill, train: str, options: tuple[object, ...]) -> None:
    code, out, _ = pagemill("inspect", "replay", train, "--step", 5, "--global-batch", 5, *options, "--json")
    assert code == 0
    name, value = str(options[0])[2:], options[1]
    spec = make_spec(train, 0, 5, **{name: Tail(value) if name == "tail" else value})  # type: ignore[arg-type]
    positions, keys = PretrainStream(train, spec).plan(5)
    assert json.loads(out) == {"positions": positions, "keys": keys}


def test_a_runs_own_specification(pagemill: Pagemill, train: str, tmp_path: Path) -> None:
    spec = make_spec(train, 9, 6, buckets=2).model_copy(update={"lanes": 2, "window": 3})
    config = RunConfig(
        train=train, preset="tiny", steps=9, seed=9, stream=spec, optim=OptimConfig(), checkpoint_every=3
    )
    settle(tmp_path / "run", config)
    code, out, err = pagemill("inspect", "replay", train, "--step", 4, "--run", tmp_path / "run", "--json")
    positions, keys = PretrainStream(train, spec).plan(4)
    assert (code, json.loads(out), err) == (0, {"positions": positions, "keys": keys}, "")
    code, _, err = pagemill("inspect", "replay", train, "--step", 4, "--run", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "has no run.json" in err


def test_pictures_follow_the_objectives_of_a_file(pagemill: Pagemill, train: str, tmp_path: Path) -> None:
    rules = {"mvlm_rate": 0.5, "mask_fill": (255, 0, 0)}
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    options = ("--step", 1, "--global-batch", 2, "--objectives", tmp_path / "rules.json", "--png", tmp_path / "seen")
    code, _, err = pagemill("inspect", "replay", train, *options)
    assert (code, err) == (0, "")
    objectives = Objectives.model_validate(rules)
    batch = PretrainStream(train, make_spec(train, 0, 2, objectives=objectives)).batch(1)
    plain = PretrainStream(train, make_spec(train, 0, 2)).batch(1)
    for file, image, other in zip(sorted((tmp_path / "seen").iterdir()), batch.image, plain.image, strict=True):
        with Image.open(file) as shown:
            found = np.asarray(shown)
        assert np.array_equal(found, image.numpy()[::-1].transpose(1, 2, 0))
        assert not np.array_equal(image, other)


@pytest.mark.parametrize(
    "option",
    [
        ("--global-batch", 8),  # though it is the default
        ("--seed", 0),
        ("--weight", 1),
        ("--buckets", 1),
        ("--tail", "wrap"),
        ("--objectives", "rules.json"),
    ],
)
def test_a_run_has_its_own(pagemill: Pagemill, train: str, tmp_path: Path, option: tuple[object, ...]) -> None:
    code, out, err = pagemill("inspect", "replay", train, "--step", 1, "--run", tmp_path, *option)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {option[0]} ")
    assert "beside --run: a run has its own" in err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--step", -1), "step must not be negative, got -1"),
        (("--step", 0, "--tail", "cut"), "--tail must be one of wrap, drop, pad, got 'cut'"),
        (("--step", 0, "--buckets", 0), "buckets must be at least 1, got 0"),
        (("--step", 0, "--weight", 1, "--weight", 2), "1 datasets with 1 digests and 2 weights"),
        (("--step", 0, "--global-batch", 6, "--world-size", 4), "cannot be shared evenly by 4 ranks"),
    ],
)
def test_mistakes_are_one_line(pagemill: Pagemill, train: str, options: tuple[object, ...], text: str) -> None:
    code, out, err = pagemill("inspect", "replay", train, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert text in err
