"""pdfplumber through the whole command: exact words, who read them, bad files, and a dataset that stays with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.line import files_of, hashes_of

from jobs.inspect.lint import lint
from pipeline.shards.dataset import Dataset
from pipeline.synth import TYPES, Spec, make, save
from schemas.dataset import DATASET_FILE
from schemas.manifest import Reason
from schemas.page import Page, Route

pytestmark = pytest.mark.usefixtures("ray_here")

Pagemill = Callable[..., tuple[int, str, str]]
OPTIONS = ("--pdf-engine", "pdfplumber", "--picture-longest", 300, "--pages-per-shard", 3)
# One page twice: pdfium finds two, pdfplumber one.
TWICE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n"
)


@pytest.fixture(scope="module")
def digital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A born-digital document of each type, one page each; tests must not change it."""
    folder = tmp_path_factory.mktemp("digital")
    for index, name in enumerate(TYPES):
        save(folder, make(Spec(index=index, seed=9, document_type=name, variant="digital", pages=1)))
    return folder


def records(out: Path) -> list[Page]:
    dataset = Dataset(str(out))
    return [Page.from_json(members["json"]) for shard in dataset.shards() for _, members in dataset.samples(shard)]


def test_every_word_is_found_and_the_same_bytes_are_made_again(
    digital: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    outs = [tmp_path / str(workers) for workers in (1, 2)]
    for workers, out in enumerate(outs, 1):
        code, _, err = pagemill("ingest", digital, "--out", out, *OPTIONS, "--workers", workers)
        assert code == 0, err
    made = records(outs[0])
    assert len(made) == len(TYPES)
    for page in made:
        assert (page.route, page.reason) == (Route.TEXT_LAYER, "text-is-good")
        assert page.engine.name == "pdfplumber"
        assert "pdfminer.six" in page.engine.version
        assert page.truth is not None
        assert page.truth.words is not None
        assert sorted(page.words.text) == sorted(word.text for word in page.truth.words)
        assert page.features["words_on_ink"] > 0.97, "its boxes are as high as the font: a full stop hardly fills one"
        assert page.features["bad_characters"] == 0
    assert hashes_of(outs[0], without=DATASET_FILE) == hashes_of(outs[1], without=DATASET_FILE)
    assert Dataset(str(outs[0])).info.config["pdf_engine"] == "pdfplumber"
    assert lint(str(outs[0])) == []


def test_a_dataset_stays_with_its_extractor(digital: Path, tmp_path: Path, pagemill: Pagemill) -> None:
    inputs, out = tmp_path / "inputs", tmp_path / "pages"
    shutil.copytree(digital, inputs)
    (inputs / "twice.pdf").write_bytes(TWICE)
    whole = tmp_path / "whole"
    for place in (whole, out):
        assert pagemill("ingest", inputs, "--out", place, *OPTIONS, "--workers", 2)[0] == 0
    rows = [row for row in Dataset(str(out)).manifest("gen-0000").to_pylist() if row["uri"].endswith("twice.pdf")]
    assert [(row["status"], row["reason"]) for row in rows] == [("rejected", Reason.PAGE_DAMAGED.value)] * 2
    assert rows[0]["detail"] == "pdfplumber finds 1 page(s), pdfium 2"
    assert Dataset(str(out)).info.totals.ok == len(TYPES)

    before = files_of(out)
    code, _, err = pagemill("ingest", inputs, "--out", out, *OPTIONS[2:], "--workers", 2)
    assert code == 2
    assert "pdf_engine was 'pdfplumber' and is 'pdfium'" in err
    assert pagemill("ingest", inputs, "--out", out, *OPTIONS, "--workers", 2)[0] == 0
    assert files_of(out) == before, "nothing was left to do"

    # As a run that was killed leaves it: the generation is not in the list yet, and one unit is not done.
    info = json.loads((out / DATASET_FILE).read_bytes())
    first = json.loads((whole / DATASET_FILE).read_bytes())
    assert first["digest"] == info["digest"]
    for name in ("units/000001.json", "pages-000001.tar"):
        (out / "gen-0000" / name).unlink()
    empty = {name: {} if isinstance(value, dict) else 0 for name, value in info["totals"].items()}
    none = Dataset(str(whole)).info.digest_of([])
    (out / DATASET_FILE).write_text(json.dumps({**info, "generations": [], "totals": empty, "digest": none}))
    assert pagemill("ingest", inputs, "--out", out, *OPTIONS, "--workers", 1)[0] == 0
    assert hashes_of(out, without=DATASET_FILE) == hashes_of(whole, without=DATASET_FILE)

    more = tmp_path / "more"
    more.mkdir()
    save(more, make(Spec(index=77, seed=9, document_type="letter", variant="digital", pages=1)))
    code, _, err = pagemill("dataset", "add", out, more, "--workers", 1)
    assert code == 0, err
    assert {page.engine.name for page in records(out)} == {"pdfplumber"}
    assert Dataset(str(out)).info.totals.ok == len(TYPES) + 1
