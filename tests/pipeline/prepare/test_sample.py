"""One page to one sample: tokens with their words' boxes, covers, plans and pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shelves import directory_of

from pipeline.prepare import load_tokenizer
from pipeline.prepare.filters import Unfit
from pipeline.prepare.picture import decode_picture, square_png
from pipeline.prepare.sample import SampleMaker, tokenise
from pipeline.prepare.tia import from_npy, line_covers
from pipeline.prepare.tim import Candidate, Partners, action
from pipeline.shards.hashes import minhash, phash
from schemas.manifest import Reason
from schemas.sample import TimAction


@pytest.fixture
def make(workshop: Any) -> Callable[..., Any]:
    """`make(page, *others, **options)`: a sample of the first document's page 0, with the others as candidates."""

    def run(document: Any, *others: Any, **options: Any) -> Any:
        documents = (document, *others)
        candidates = [
            Candidate(
                shard=0,
                row=i,
                key=d.key(),
                document=d.sha256[:16],
                words=len(d.pages[0]),
                minhash=minhash(d.pages[0]),
                phash=phash(d.picture(0)),
            )
            for i, d in enumerate(documents)
        ]
        config = workshop.config(**options)
        maker = SampleMaker(
            config,
            load_tokenizer(workshop.tokenizer),
            Partners(directory_of(candidates)),
            lambda candidate: documents[candidate.row].page(0).picture.data,
        )
        made = document.page(0)
        return maker.make(made.record, made.picture.data, candidates[0])

    return run


def test_tokens_have_the_box_and_line_of_their_word(workshop: Any, make_document: Any) -> None:
    tokenizer = load_tokenizer(workshop.tokenizer)
    page = make_document("one", [["Kalo", "mi", "\u00ad", "rutesa", *["no"] * 6]]).page(0).record
    tokens = tokenise(page, tokenizer)
    assert [tokenizer.token(i) for i in tokens.id] == ["ka", "##lo", "mi", "ru", "##te", "##sa", *["no"] * 6]
    assert tokens.word == [0, 0, 1, 3, 3, 3, 4, 5, 6, 7, 8, 9]  # a word without a token is left out
    assert tokens.box == [page.words.box[i] for i in tokens.word]
    assert tokens.line == [page.words.line[i] for i in tokens.word] == [0] * 8 + [1] * 4


@given(st.lists(st.sampled_from(["ka", "kalo", "\u00ad", "mirute", "zz", "no."]), min_size=1, max_size=40))
def test_any_page_keeps_its_words(make_document: Any, shared_workshop: Any, words: list[str]) -> None:
    page = make_document("any", [words]).page(0).record
    tokens = tokenise(page, load_tokenizer(shared_workshop.tokenizer))
    assert tokens.word == sorted(tokens.word)
    assert set(tokens.word) == {i for i, word in enumerate(page.words.text) if word != "\u00ad"}
    for box, word, line in zip(tokens.box, tokens.word, tokens.line, strict=True):
        assert (box, line) == (page.words.box[word], page.words.line[word])


def test_a_sample_and_its_members(workshop: Any, make: Any) -> None:
    documents = [workshop.document(f"d{i}", 40, colour=i == 1) for i in range(3)]
    sample, members = make(*documents, seed=4, variants=8, tim_replace_rate=0.4, tim_drop_rate=0.2)
    page = documents[0].page(0)
    replaced = [i for i, plan in enumerate(sample.tim) if plan.action is TimAction.REPLACED]
    assert 0 < len(replaced) < 8
    assert [name for name, _ in members] == ["png", "json", "tia.npy", *(f"neg{i}.png" for i in replaced)]
    stored = dict(members)
    assert stored["json"] == sample.to_json()
    assert stored["png"] == square_png(decode_picture(page.picture.data), 224)
    covers = line_covers(4, sample.key, 8, len(page.record.lines.box), 0.15)
    assert np.array_equal(from_npy(stored["tia.npy"]), covers)
    assert sample.lines == page.record.lines.box
    assert [plan.action for plan in sample.tim] == [action(4, sample.key, i, 0.4, 0.2) for i in range(8)]
    pictures = {d.key(): square_png(decode_picture(d.page(0).picture.data), 224) for d in documents[1:]}
    for i in replaced:
        assert stored[f"neg{i}.png"] == pictures[sample.tim[i].partner]
        assert sample.tim[i].picture == f"neg{i}.png"


@pytest.mark.parametrize("words", [[], ["\u00ad"], ["ka"]])
def test_a_page_with_too_few_words_is_unfit(make: Any, make_document: Any, words: list[str]) -> None:
    with pytest.raises(Unfit, match=f"{len(words)} words") as unfit:
        make(make_document("few", [words]), min_words=2)
    assert unfit.value.reason is Reason.TOO_FEW_WORDS


def test_a_page_without_a_token_is_unfit_even_where_no_words_are_asked_for(make: Any, make_document: Any) -> None:
    for words in ([], ["\u00ad"]):
        with pytest.raises(Unfit):
            make(make_document("none", [words]), min_words=0)


def test_a_page_that_nobody_can_stand_in_for_is_unfit(workshop: Any, make: Any, make_document: Any) -> None:
    page, same = workshop.document("one", 40), workshop.document("other", 40)
    twin = make_document("twin", page.pages)
    with pytest.raises(Unfit) as unfit:
        make(page, twin, tim_replace_rate=1.0, tim_drop_rate=0.0)
    assert unfit.value.reason is Reason.NO_PARTNER
    sample, _ = make(page, twin, same, tim_replace_rate=1.0, tim_drop_rate=0.0)
    assert sample.tim[0].partner == same.key()
    aligned, _ = make(page, twin, tim_replace_rate=0.0, tim_drop_rate=0.0)
    assert aligned.tim[0].action is TimAction.ALIGNED
