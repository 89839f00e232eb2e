"""Users' mistakes: exit code 2, one line that says what to do, nothing written, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Pagemill = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, pages: str, train: str, tokenizer: bytes) -> dict[str, str]:
    """What the mistakes are made with. NEW does not exist and must not when the mistake has been made."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "empty").mkdir()
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("mine")
    (folder / "file").write_bytes(b"\xff\xfe")
    (folder / "page.png").write_bytes(b"a document by its name")
    (folder / "vocab.txt").write_text("[PAD]\na\n")
    (folder / "tokenizer.json").write_bytes(tokenizer)
    (folder / "rules.json").write_text('{"mvlm_rate": 2}')
    names = ("empty", "mine", "file", "vocab.txt", "tokenizer.json", "rules.json", "absent")
    named = {name: str(folder / name) for name in names}
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(folder)
    return {**named, "LINK": str(link), "PAGES": pages, "TRAIN": train, "NEW": str(folder / "new"), "ROOT": str(folder)}


def _filled(text: str, places: dict[str, str]) -> list[str]:
    return [places.get(word.removeprefix("@"), word) for word in text.split()]


MISTAKES = [
    ("ingest @absent --out @NEW", "no such file or folder: '{absent}'"),
    ("ingest @empty --out @NEW", "no documents in '{empty}'"),
    ("ingest @mine --out @NEW", "no documents in '{mine}'"),
    ("ingest @ROOT --out @NEW", "--out {NEW} lies in the input {ROOT}: choose a folder outside of it"),
    ("ingest @LINK --out @NEW", "--out {NEW} lies in the input {LINK}: choose a folder outside of it"),
    ("ingest @file --out @mine", "{mine} is not empty and holds no dataset"),
    ("ingest @file --out @TRAIN", "is a dataset of train, expected one of pages"),
    ("ingest @file --out @PAGES", "was made with another configuration"),
    ("ingest @file --out @PAGES --pdf-engine pdfplumber", "was made with another configuration"),
    ("ingest @file --out @NEW --workers 0", "--workers must be at least 1, got 0"),
    ("ingest @file --out @NEW --pages-per-shard 0", "pages_per_shard must be 1..1048576, got 0"),
    ("ingest nonsense://x --out @NEW", "Protocol not known: nonsense"),
    ("ingest --out @NEW", "nothing to ingest: name inputs, or give --inputs-from or --retry-rejected"),
    ("ingest --retry-rejected --out @NEW", "no dataset at {NEW}"),
    ("ingest --retry-rejected --out @mine", "no dataset at {mine}"),
    ("ingest --retry-rejected --out @TRAIN", "is a dataset of train, expected one of pages"),
    ("ingest --retry-rejected --out @PAGES", "was made with another configuration"),
    ("ingest @file --out @NEW --max-rejected 1.5", "--max-rejected must be 0..1, got 1.5"),
    ("ingest @file --out @NEW --max-rejected nan", "--max-rejected must be 0..1, got nan"),
    ("ingest @file --out @NEW --password-file @absent", "--password-file '{absent}' cannot be read"),
    ("ingest @file --out @NEW --password-file @file", "--password-file '{file}' cannot be read"),
    ("ingest @file --out @NEW --ocr-models @empty", "rapidocr reads the models of its own package only"),
    ("ingest @file --out @NEW --ocr paddleocr --ocr-models @empty", "{empty}/det/inference.onnx is missing"),
    ("ingest @file --out @NEW --ocr-device cuda", "--ocr-device cuda: rapidocr computes on the CPU only"),
    ("ingest @file --out @NEW --ocr paddleocr --ocr-device cuda", "the installed onnxruntime has no CUDA provider"),
    ("ingest @file --out @NEW --gpu-share 0", "--gpu-share must be above 0 and at most 1, got 0"),
    ("ingest @file --out @NEW --gpu-share 0.5", "--gpu-share is for --ocr-device cuda, and that is cpu"),
    ("ingest @file --out @NEW --ocr tesseract --ocr-alphabet all", "--ocr-alphabet is for rapidocr"),
    ("ingest @file --out @NEW --gpu-share nan", "--gpu-share must be above 0 and at most 1, got nan"),
    ("tokenizer @absent --out @NEW", "no dataset at {absent}"),
    ("tokenizer @TRAIN --out @NEW", "is a dataset of train, expected one of pages"),
    ("tokenizer @PAGES --out @mine", "{mine} is a folder, expected the name of a file"),
    ("tokenizer @PAGES --out @NEW --vocab-size 10", "vocab_size must be at least 105, got 10"),
    ("tokenizer @PAGES --out @NEW --from @absent", "no such file: '{absent}'"),
    ("tokenizer @PAGES --out @NEW --from @file", "is no text: expected a vocab.txt or a tokenizer.json"),
    ("tokenizer @PAGES --out @NEW --from @vocab.txt", "the vocabulary lacks [CLS], [MASK], [SEP], [UNK]"),
    ("tokenizer @PAGES --out @NEW --workers -1", "--workers must be at least 1, got -1"),
    ("prepare @PAGES --out @NEW --tokenizer @absent", "no such file: '{absent}'; make it with `pagemill tokenizer`"),
    ("prepare @PAGES --out @NEW --tokenizer @vocab.txt", "not a tokenizer.json"),
    ("prepare @TRAIN --out @NEW --tokenizer @tokenizer.json", "is a dataset of train, expected one of pages"),
    ("prepare @absent --out @NEW --tokenizer @tokenizer.json", "no dataset at {absent}"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --tia-rate 2", "tia_rate must be 0..1, got 2.0"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --seed 99999999999999999999", "seed must be 0.."),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --workers 0", "--workers must be at least 1, got 0"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --epochs 0", "--epochs must be at least 1, got 0"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --held-out 1.5", "held_out must be 0..1, got 1.5"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --split held-out", "held_out is 0: nothing is"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --script klingon", "got 'klingon'"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --exclude @absent", "no dataset at {absent}"),
    ("prepare @PAGES --out @NEW --tokenizer @tokenizer.json --exclude @TRAIN", "is a dataset of train, expected one"),
    (
        "prepare @PAGES --out @TRAIN --tokenizer @tokenizer.json --picture-size 224 --tim-drop-rate 0.2 --variants 9",
        "variants was 4 and is 9",
    ),
    ("pretrain @absent --out @NEW", "no dataset at {absent}"),
    ("pretrain @PAGES --out @NEW", "is a dataset of pages, expected one of train"),
    ("pretrain @TRAIN --out @NEW --config huge", "preset 'huge' is not one of base, large"),
    ("pretrain @TRAIN --out @NEW --global-batch 7 --workers 2", "global batch 7 cannot be shared evenly by 2 ranks"),
    ("pretrain @TRAIN --out @NEW --global-batch 0", "--global-batch must be at least 1"),
    ("pretrain @TRAIN --out @NEW --steps 0", "must be at least 1"),
    ("pretrain @TRAIN --out @NEW --learning-rate 0", "--learning-rate must be between 0 and 1, got 0.0"),
    ("pretrain @TRAIN --out @NEW --learning-rate nan", "--learning-rate must be between 0 and 1, got nan"),
    ("pretrain @TRAIN --out @NEW --loader-workers -1", "--loader-workers must not be negative, got -1"),
    ("pretrain @TRAIN --out @NEW --buckets 0", "buckets must be at least 1, got 0"),
    ("pretrain @TRAIN --out @NEW --weight 1 --weight 2", "1 datasets with 1 digests and 2 weights"),
    ("pretrain @TRAIN @TRAIN --out @NEW --weight 1 --weight -2", "weights must be more than 0, got -2"),
    ("pretrain @TRAIN @TRAIN --out @NEW --tail drop", "tail must be 'wrap' with several datasets"),
    ("pretrain @TRAIN --out @NEW --cache @NEW --cache-gb 0", "--cache-gb must be more than 0, got 0"),
    ("pretrain @TRAIN --out @NEW --cache @file", "is a file"),
    ("pretrain @TRAIN --out @NEW --seed 99999999999999999999", "seed must be 0.."),
    ("pretrain @TRAIN --out @NEW --config tiny --objectives @absent", "no such file: '{absent}'"),
    (
        "pretrain @TRAIN --out @NEW --config tiny --objectives @rules.json",
        "Objectives: mvlm_rate: Input should",
    ),
    ("pretrain @TRAIN --out @file --config tiny", "{file} is a file, expected a folder for the run"),
    ("pretrain @TRAIN --out @mine --config tiny", "{mine} is not empty and holds no run"),
    ("pretrain @TRAIN --out @mine --config tiny --resume never", "{mine} exists, and --resume never was given"),
    ("pretrain @TRAIN --out s3://bucket/run", "--out must be a folder, not a URL, got 's3:/bucket/run'"),
    ("tokenizer @PAGES --out s3://bucket/t.json", "--out must be a file, not a URL, got 's3:/bucket/t.json'"),
    ("synth --out s3://bucket/docs", "--out must be a folder, not a URL, got 's3:/bucket/docs'"),
    ("demo --out s3://bucket/demo", "--out must be a folder, not a URL, got 's3:/bucket/demo'"),
    ("inspect html @PAGES --out s3://bucket/a.html", "--out must be a file, not a URL, got 's3:/bucket/a.html'"),
    ("export @absent --out @NEW", "no run at {absent}: it has no run.json"),
    ("evaluate words @absent", "no dataset at {absent}"),
    ("evaluate words @TRAIN", "is a dataset of train, expected one of pages"),
    ("evaluate words @PAGES --truth @absent", "--truth: no such folder: '{absent}'"),
    ("evaluate order @PAGES --truth @file", "--truth: no such folder: '{file}'"),
    ("evaluate order @PAGES --algorithm best", "got 'best'"),
    ("inspect replay @PAGES --step 0", "is a dataset of pages, expected one of train"),
    ("inspect replay @TRAIN --step -1", "step must not be negative, got -1"),
    ("inspect replay @TRAIN --step 0 --global-batch 0", "global_batch must be at least 1, got 0"),
    ("inspect replay @TRAIN --step 0 --world-size 3", "global batch 8 cannot be shared evenly by 3 ranks"),
    ("inspect replay @TRAIN --step 0 --world-size 2 --rank 2", "rank must be 0..1, got 2"),
    ("inspect replay @TRAIN --step 0 --objectives @absent", "no such file: '{absent}'"),
    ("inspect replay @TRAIN --step 0 --objectives @rules.json", "Objectives: mvlm_rate: Input should"),
    ("inspect replay @TRAIN --step 0 --seed -1", "seed must be 0.."),
]


@pytest.mark.parametrize(("command", "text"), MISTAKES, ids=[command.replace("@", "") for command, _ in MISTAKES])
def test_a_mistake_is_one_line_and_exit_2(command: str, text: str, pagemill: Pagemill, places: dict[str, str]) -> None:
    before = sorted(Path(places["ROOT"]).rglob("*"))
    code, out, err = pagemill(*_filled(command, places))
    for name, path in places.items():
        text = text.replace(f"{{{name}}}", path)
    assert err.startswith("error: "), (code, out, err)
    assert text in err
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert len(err) < 400
    assert sorted(Path(places["ROOT"]).rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [
        "ingest @file --out @NEW --ocr none",
        "ingest @file --out @NEW --pdf-engine mupdf",
        "ingest @file",
        "pretrain @TRAIN",
        "prepare @PAGES",
        "nonsense",
        "inspect replay @TRAIN",
    ],
)
def test_wrong_options_are_exit_2(command: str, pagemill: Pagemill, places: dict[str, str]) -> None:
    code, _, err = pagemill(*_filled(command, places))
    assert code == 2
    assert "Usage:" in err
    assert not Path(places["NEW"]).exists()


def test_an_empty_training_dataset_is_refused(pagemill: Pagemill, train: str, tmp_path: Path) -> None:
    """Every page may have been left out: too few words, no partner."""
    from pipeline.prepare import PrepareConfig
    from pipeline.shards.dataset import Dataset
    from pipeline.shards.files import Store
    from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create
    from schemas.manifest import TRAIN_PLAN_SCHEMA

    store = Store(str(tmp_path / "train"))
    source = Dataset(train)
    info = open_or_create(store, "train", PrepareConfig(tokenizer=source.info.config["tokenizer"]).stored())
    store.write("tokenizer.json", source.store.read("tokenizer.json"))
    files = GenerationFiles(store, "gen-0000")
    plan = files.write_plan(TRAIN_PLAN_SCHEMA.empty_table(), 1, "0" * 64)
    add_generation(store, info, files.finish(plan, {}))
    for command in (
        ("pretrain", store.url, "--out", tmp_path / "run", "--config", "tiny"),
        ("inspect", "replay", store.url, "--step", 0),
    ):
        assert pagemill(*command) == (2, "", "error: the dataset has no samples\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("module", "arguments", "text"),
    [
        ("ingest", "@absent --out @NEW", "no such file or folder"),
        ("tokenizer", "@TRAIN --out @NEW", "expected one of pages"),
        ("prepare", "@PAGES --out @NEW --tokenizer @absent", "make it with `pagemill tokenizer`"),
        ("pretrain", "@TRAIN --out @NEW --config huge", "is not one of"),
        ("export", "@absent --out @NEW", "no run at"),
        ("inspect", "replay @TRAIN --step -1", "must not be negative"),
        ("evaluate", "order @PAGES --algorithm best", "--algorithm must be one of"),
    ],
)
def test_as_a_program(module: str, arguments: str, text: str, places: dict[str, str]) -> None:
    """`python -m jobs.<name>` is the same thing."""
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{module}", *_filled(arguments, places)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
