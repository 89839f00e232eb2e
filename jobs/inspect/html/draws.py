"""A training sample of the report: its tokens and lines, and what each variant draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from jobs.inspect.html.encode import data_uri, reduced
from jobs.inspect.html.sheet import Mark, Sheet, file_name, marks
from jobs.inspect.output import plain, shareable
from jobs.inspect.picture import open_picture
from jobs.inspect.pieces import sample_lines
from jobs.inspect.reading import Sample
from jobs.inspect.view import covered_lines, shown_picture
from pipeline.prepare.tokenizer import PageTokenizer
from schemas.manifest import ManifestRow
from schemas.sample import TimAction, TrainSample

_VARIANTS = 8  # of a sample that are shown


@dataclass(frozen=True)
class Draw:
    """One variant: what the model sees but for its masks. `picture` is None where it is the sample's own."""

    variant: int
    action: str
    partner: str
    picture: str | None
    covers: list[Mark]


@dataclass(frozen=True)
class TrainSheet:
    """Everything that the report shows of one training sample."""

    sheet: Sheet
    draws: list[Draw]
    left_out: int  # variants that are not shown


def train_sheet(tokenizer: PageTokenizer, sample: Sample, row: ManifestRow) -> TrainSheet:
    """The sheet of a training sample; `row` is its row of the manifest."""
    record = TrainSample.from_json(sample.members["json"])
    shown = range(min(len(record.tim), _VARIANTS))
    return TrainSheet(
        _sheet(tokenizer, sample, record, row),
        [_draw(sample, record, variant) for variant in shown],
        len(record.tim) - len(shown),
    )


def _sheet(tokenizer: PageTokenizer, sample: Sample, record: TrainSample, row: ManifestRow) -> Sheet:
    picture = reduced(open_picture(sample.members["png"], "png"))
    text = dict(sample_lines(tokenizer, record))
    texts = [text.get(line, "") for line in range(len(record.lines))]
    facts = {
        "words": str(sample.row["words"]),
        "tokens": str(len(record.tokens.id)),
        "lines": str(len(record.lines)),
        "variants": str(len(record.tim)),
        "picture": f"{picture.width} x {picture.height} pixels",
        "file": shareable(row.uri),
        "sha256": record.document.sha256,
        "shard": f"{sample.place.generation}/{sample.place.shard}",
    }
    return Sheet(
        key=record.key,
        title=f"{file_name(row.uri)}, page {record.document.page + 1}",
        route=row.route or "",
        reason="",
        width=picture.width,
        height=picture.height,
        picture=data_uri(picture),
        words=_words(tokenizer, record, picture.size),
        lines=marks(record.lines, picture.size, texts),
        steps=[],
        tags=[],
        facts=[(name, plain(value)) for name, value in facts.items()],
        features=[],
    )


def _words(tokenizer: PageTokenizer, record: TrainSample, size: tuple[int, int]) -> list[Mark]:
    """One mark for each word that has tokens, with its pieces: all pieces have the word's box."""
    tokens = record.tokens
    runs = [list(run) for _, run in groupby(range(len(tokens.id)), key=lambda i: tokens.word[i])]
    pieces = [" ".join(tokenizer.token(tokens.id[i]) for i in run) for run in runs]
    return marks([tokens.box[run[0]] for run in runs], size, pieces)


def _draw(sample: Sample, record: TrainSample, variant: int) -> Draw:
    plan = record.tim[variant]
    picture = reduced(shown_picture(sample, plan))
    boxes = [record.lines[line] for line in covered_lines(sample, record, variant)]
    return Draw(
        variant=variant,
        action=plan.action.value,
        partner=plan.partner or "",
        picture=None if plan.action is TimAction.ALIGNED else data_uri(picture),
        covers=marks(boxes, picture.size, [""] * len(boxes)),
    )
