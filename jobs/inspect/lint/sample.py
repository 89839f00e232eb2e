"""One sample of a training shard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jobs.inspect.lint.findings import Findings
from jobs.inspect.picture import open_picture
from pipeline.prepare.config import PrepareConfig
from pipeline.prepare.tia import from_npy, line_covers
from pipeline.prepare.tim import action
from schemas.manifest import ManifestRow
from schemas.sample import TimAction, TrainSample

_ALWAYS = ["png", "json", "tia.npy"]


@dataclass(frozen=True)
class TrainFacts:
    """What the samples of a training dataset are made with."""

    config: PrepareConfig
    vocabulary: int | None  # entries of the tokenizer, where it could be read


def expected_members(sample: TrainSample) -> list[str]:
    """Names of a sample's members, in order."""
    return _ALWAYS + [plan.picture for plan in sample.tim if plan.picture is not None]


def check_sample(
    findings: Findings,
    where: str,
    row: dict[str, Any],
    members: dict[str, bytes],
    manifest: ManifestRow | None,
    facts: TrainFacts | None,
) -> TrainSample | None:
    """The record of a sample, or None where it is not valid. `facts` is None where the configuration is damaged."""
    sample = None
    with findings.guard("sample-record", where):
        sample = TrainSample.from_json(members["json"])
    if sample is None:
        return None
    _check_match(findings, where, sample, row, manifest)
    _check_tokens(findings, where, sample, row)
    _check_matches(findings, where, sample)
    if facts is not None:
        _check_facts(findings, where, sample, row, facts)
        _check_covers(findings, where, sample, members, facts.config)
        _check_pictures(findings, where, members, facts.config.picture_size)
    return sample


def _check_match(
    findings: Findings, where: str, sample: TrainSample, row: dict[str, Any], manifest: ManifestRow | None
) -> None:
    document = sample.document
    findings.expect(sample.key == row["key"], "sample-match", where, f"is the record of {sample.key}")
    key = f"{document.sha256[:16]}-{document.page:05d}"
    findings.expect(
        (key, document.sha256[:16]) == (row["key"], row["document"]), "sample-match", where, f"says it is {key}"
    )
    if manifest is not None:
        findings.expect(manifest.sha256 == document.sha256, "sample-match", where, "is of another file")


def _check_tokens(findings: Findings, where: str, sample: TrainSample, row: dict[str, Any]) -> None:
    tokens = sample.tokens
    count = len(tokens.id)
    findings.expect(count == row["tokens"], "sample-tokens", where, f"{count} tokens, {row['tokens']} in the index")
    if not findings.expect(count > 0, "sample-tokens", where, "no token"):
        return
    word, line, box = np.asarray(tokens.word), np.asarray(tokens.line), np.asarray(tokens.box)
    findings.expect(int(word.max()) < row["words"], "sample-tokens", where, "a token of a word that is not there")
    for name, values in (("words", word), ("lines", line)):
        findings.expect(bool((np.diff(values) >= 0).all()), "sample-tokens", where, f"{name} of tokens go back")
    same_word = np.diff(word) == 0
    differs = (np.diff(line) != 0) | (np.diff(box, axis=0) != 0).any(axis=1)
    findings.expect(not (same_word & differs).any(), "sample-tokens", where, "a word in two lines or with two boxes")
    line_box = np.asarray(sample.lines)[line]
    inside = (box[:, :2] >= line_box[:, :2]).all() and (box[:, 2:] <= line_box[:, 2:]).all()
    findings.expect(bool(inside), "sample-tokens", where, "a token outside the box of its line")


def _check_matches(findings: Findings, where: str, sample: TrainSample) -> None:
    """The record checks that a replaced picture, and nothing else, has a partner; here whose it is."""
    for variant, plan in enumerate(sample.tim):
        place = f"variant {variant}"
        if plan.action is not TimAction.REPLACED:
            continue
        findings.expect(plan.picture == f"neg{variant}.png", "sample-matches", where, f"{place} shows {plan.picture}")
        other = plan.partner is not None and plan.partner[:16] != sample.key[:16]
        findings.expect(other, "partner-document", where, f"{place} has partner {plan.partner}")


def _check_facts(findings: Findings, where: str, sample: TrainSample, row: dict[str, Any], facts: TrainFacts) -> None:
    config = facts.config
    findings.expect(
        row["words"] >= config.min_words, "sample-words", where, f"{row['words']} words, at least {config.min_words}"
    )
    top = max(sample.tokens.id, default=0)
    if facts.vocabulary is not None:
        findings.expect(
            top < facts.vocabulary, "sample-tokens", where, f"token {top} of a vocabulary of {facts.vocabulary}"
        )
    drawn = [
        action(config.seed, sample.key, variant, config.tim_replace_rate, config.tim_drop_rate)
        for variant in range(config.variants)
    ]
    planned = [plan.action for plan in sample.tim]
    if findings.expect(
        len(planned) == len(drawn), "sample-matches", where, f"{len(planned)} plans for {len(drawn)} variants"
    ):
        findings.expect(planned == drawn, "sample-matches", where, "the seed draws other actions")


def _check_covers(
    findings: Findings, where: str, sample: TrainSample, members: dict[str, bytes], config: PrepareConfig
) -> None:
    with findings.guard("sample-covers", where):
        covers = from_npy(members["tia.npy"])
        shape = (config.variants, len(sample.lines))
        if covers.shape != shape:
            raise ValueError(f"covers of {covers.shape}, expected {shape}")
        if covers.max(initial=0) > 1:
            raise ValueError(f"a cover of {covers.max()}")
        drawn = line_covers(config.seed, sample.key, *shape, config.tia_rate)
        findings.expect(np.array_equal(covers, drawn), "sample-covers", where, "the seed draws other covers")


def _check_pictures(findings: Findings, where: str, members: dict[str, bytes], size: int) -> None:
    for name, data in members.items():
        if not name.endswith("png"):
            continue
        with findings.guard("picture-file", f"{where}.{name}"):
            image = open_picture(data, "png")
            findings.expect(
                image.size == (size, size), "picture-size", f"{where}.{name}", f"{image.size} pixels, expected {size}"
            )
            if image.mode not in ("L", "RGB"):
                raise ValueError(f"a picture of mode {image.mode}, expected L or RGB")
