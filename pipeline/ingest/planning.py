"""The plan of a generation from its opened inputs, part by part: no more than one part is held at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.ingest.accounted import Accounted
from pipeline.ingest.config import IngestConfig
from pipeline.ingest.inputs import InputFiles
from pipeline.ingest.plan import Planner
from pipeline.ingest.seen import KeySet, keys_of_inputs
from pipeline.shards.generation import GenerationFiles, inputs_unit
from schemas.dataset import GenerationPlan, Listing


def make_plan(
    files: GenerationFiles, listing: Listing, config: IngestConfig, before: Accounted
) -> GenerationPlan | None:
    """Fix what is to be done; None, with nothing left of the generation, where nothing in `listing` is new.

    Rows that are decided already (unusable files, duplicates) are written on the way.
    """
    inputs = InputFiles(files)
    known = _with_listed(before.opened, inputs) if listing.retry else before.known
    planner = Planner(files.name, known, before.held, listing.retry)
    decided = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal decided
        for part in range(len(listing.files)):
            planned = planner.part(inputs.listed(part), inputs.probes(part))
            if planned.decided:
                files.write_unit(inputs_unit(part), planned.decided)
                decided += len(planned.decided)
            yield planned.pages

    unit_rows = config.unit_rows(_pages(inputs, listing))
    parts, rows = files.write_plan_parts(tables(), unit_rows)
    if not rows and not decided and not listing.replaces.rows:
        inputs.discard()
        return None
    return files.seal_plan(
        GenerationPlan(
            name=files.name,
            units=-(-rows // unit_rows),
            unit_rows=unit_rows,
            rows=rows,
            inputs=planner.inputs,
            files=[*parts, *inputs.refs(listing)],
            retry=listing.retry,
            replaces=listing.replaces,
        )
    )


def _with_listed(opened: KeySet, inputs: InputFiles) -> KeySet:
    """(uri, sha256) that another row of a retry, or one of an earlier generation, is for."""
    for table in inputs.all_listed():
        opened.add(keys_of_inputs(table["uri"].to_pylist(), table["sha256"].to_pylist()))
    return opened


def _pages(inputs: InputFiles, listing: Listing) -> int:
    """Pages of all inputs, duplicates among them: it settles the size of a shard, and is the same in every run."""
    total = 0
    for part in range(len(listing.files)):
        probed = inputs.probes(part)["pages"].to_pylist()
        only = inputs.listed(part)["only"].to_pylist()
        total += sum(pages if chosen is None else len(chosen) for pages, chosen in zip(probed, only, strict=True))
    return total
