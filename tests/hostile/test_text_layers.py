"""Bad text layers: by the real child and, all of them, by the program; their words can always be stored."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from types import ModuleType

import orjson
import pytest

from jobs.inspect.lint import lint
from pipeline.order import arrange, letters_of
from pipeline.pages import RawPage, Sandbox
from pipeline.shards.dataset import Dataset
from pipeline.sources import Format
from pipeline.words.base import WordList
from pipeline.words.textlayer import words_of
from schemas.boxes import normalise, to_tuples
from schemas.page import Page, Words

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 6.0  # of CPU for words, lines and order of the worst page: a whole crowded one takes about one


def read(sandbox: Sandbox, data: bytes) -> tuple[RawPage, WordList]:
    sandbox.open(Format.PDF, data)
    page = sandbox.page(0, 1000)
    height, width = page.pixels.shape[:2]
    return page, words_of(page.chars, width / height)


def check(text: list[str]) -> None:
    """Valid UTF-8 without controls, as JSON has it."""
    assert orjson.loads(orjson.dumps(text)) == text
    for word in text:
        assert word
        assert not {unicodedata.category(c) for c in word} & {"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp"}


def test_any_bad_text_layer_gives_words_that_can_be_stored_in_time(make: dict[str, ModuleType]) -> None:
    with Sandbox() as sandbox:
        for name, data in make["pdfs"].texts().items():
            page, _ = read(sandbox, data)
            began = time.process_time()
            height, width = page.pixels.shape[:2]
            found = words_of(page.chars, width / height)
            boxes = to_tuples(normalise(found.box, 1, 1))
            layout = arrange(boxes, width / height, None, letters_of(found.text))
            assert time.process_time() - began < SECONDS, name
            assert sorted(layout.order) == list(range(len(found))), name
            check(found.text)
            Words(
                text=found.text, box=boxes, line=layout.line, confidence=found.confidence, source_line=found.source_line
            )


def test_what_can_be_read_of_them_is_read(make: dict[str, ModuleType]) -> None:
    pdfs = make["pdfs"]
    with Sandbox() as sandbox:
        _, found = read(sandbox, pdfs.far_away())
        assert found.text[-3:] == ["far", "away", "5"]
        _, found = read(sandbox, pdfs.bad_sizes())
        assert found.text[-3:] == ["size", "of", "7"]
        page, found = read(sandbox, pdfs.crowded())
        assert len(page.chars) >= 50_000
        assert {"ab"} <= set(found.text) <= {"ab", "a"}
        _, found = read(sandbox, pdfs.texts()["no-characters.pdf"])
        assert found.text[:4] == ["x\ufffdy", "x\ufffdy", "x\ufffd\ufffdy", "x\ufffd\ufffdy"]


@pytest.mark.fault
@pytest.mark.timeout(900)
def test_the_program_stores_a_record_of_each(make: dict[str, ModuleType], tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    texts = make["pdfs"].texts()
    for name, data in texts.items():
        (folder / name).write_bytes(data)
    command = [sys.executable, "-m", "jobs.cli", "ingest", str(folder), "--out", str(out), "--pdf-text", "always",
               "--workers", "1", "--strict"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert lint(str(out)) == []
    dataset = Dataset(str(out))
    assert dataset.info.totals.ok == len(texts)
    found = {}
    for shard in dataset.shards():
        for _, members in dataset.samples(shard):
            page = Page.model_validate_json(next(data for name, data in members.items() if name.endswith("json")))
            check(page.words.text)
            found[page.document.uri.rsplit("/", 1)[-1]] = page.words.text
    assert set(found) == set(texts)
    assert len(found["crowded.pdf"]) > 10_000
    assert any("\ufffd" in word for word in found["no-characters.pdf"])
