"""One page to one training sample."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.filters import Unfit, check_page
from pipeline.prepare.picture import decode_picture, square_png
from pipeline.prepare.tia import line_covers, to_npy
from pipeline.prepare.tim import Candidate, Partners, action
from pipeline.prepare.tokenizer import PageTokenizer
from schemas.manifest import Reason
from schemas.page import Page
from schemas.sample import SampleDocument, TimAction, TimPlan, Tokens, TrainSample

Members = list[tuple[str, bytes]]


def tokenise(page: Page, tokenizer: PageTokenizer) -> Tokens:
    """A page's tokens; every piece of a word has the word's box and line."""
    ids, words = tokenizer.encode(page.words.text)
    return Tokens(
        id=ids,
        box=[page.words.box[i] for i in words],
        word=words,
        line=[page.words.line[i] for i in words],
    )


class SampleMaker:
    """Makes samples. `read_picture` gives the encoded page picture of any candidate."""

    def __init__(
        self,
        config: PrepareConfig,
        tokenizer: PageTokenizer,
        partners: Partners,
        read_picture: Callable[[Candidate], bytes],
    ) -> None:
        self._config = config
        self._tokenizer = tokenizer
        self._partners = partners
        self._read_picture = read_picture

    def make(self, page: Page, picture: bytes, candidate: Candidate) -> tuple[TrainSample, Members]:
        """(record, members in their stored order); Unfit where a filter leaves the page out."""
        config = self._config
        check_page(page, config.min_words, config.min_side, config.scripts)
        tokens = tokenise(page, self._tokenizer)
        if not tokens.id:
            raise Unfit(Reason.TOO_FEW_WORDS, f"{len(page.words.text)} words and no token")
        plans, negatives = self._matches(candidate)
        sample = TrainSample(
            key=page.key,
            document=SampleDocument(sha256=page.document.sha256, page=page.page),
            tokens=tokens,
            lines=page.lines.box,
            tim=plans,
        )
        covers = line_covers(config.seed, page.key, config.variants, len(page.lines.box), config.tia_rate)
        members = [("png", self._square(picture)), ("json", sample.to_json()), ("tia.npy", to_npy(covers)), *negatives]
        return sample, members

    def _matches(self, candidate: Candidate) -> tuple[list[TimPlan], Members]:
        config = self._config
        plans: list[TimPlan] = []
        negatives: Members = []
        for variant in range(config.variants):
            what = action(config.seed, candidate.key, variant, config.tim_replace_rate, config.tim_drop_rate)
            if what is not TimAction.REPLACED:
                plans.append(TimPlan(action=what))
                continue
            partner = self._partners.find(config.seed, candidate, variant)
            if partner is None:
                raise Unfit(Reason.NO_PARTNER, "no page of another document that may stand in, or none was drawn")
            member = f"neg{variant}.png"
            plans.append(TimPlan(action=what, partner=partner.key, picture=member))
            negatives.append((member, self._square(self._read_picture(partner))))
        return plans, negatives

    def _square(self, picture: bytes) -> bytes:
        return square_png(decode_picture(picture), self._config.picture_size)
