"""The inputs of a generation of pages: every one that was listed was opened, and has a row."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from jobs.inspect.lint.plan import Plan
from jobs.inspect.lint.scope import Scope
from pipeline.ingest.inputs import SEAL
from pipeline.shards.tar import read_parquet
from schemas.dataset import FileRef, Listing
from schemas.manifest import LISTING_SCHEMA, PROBE_SCHEMA


def check_inputs(scope: Scope, generation: str, plan: Plan) -> None:
    """The listing and the probes that a plan was made from. Comes after the manifest of the generation was read."""
    where = f"{generation}/{SEAL}"
    with scope.findings.guard("input-files", where):
        listing = Listing.from_json(scope.store.read(where))
        parts = [ref.name for ref in listing.files]
        expected = [*parts, SEAL, *(name.replace("listing/", "probes/", 1) for name in parts)]
        names = [ref.name for ref in plan.inputs]
        if not scope.findings.expect(names == expected, "input-files", where, f"the plan was made from {names}"):
            return
        scope.findings.expect(
            (listing.retry, listing.replaces) == (plan.record.retry, plan.record.replaces),
            "input-files",
            where,
            "the plan replaces other rows",
        )
        by_name = {ref.name: ref for ref in plan.inputs}
        scope.read(generation, by_name[SEAL])
        rows = sum(_check_part(scope, generation, by_name, ref) for ref in listing.files)
        scope.findings.expect(rows == listing.inputs, "input-files", where, f"{rows} rows for {listing.inputs} inputs")


def _check_part(scope: Scope, generation: str, by_name: dict[str, FileRef], ref: FileRef) -> int:
    """Number of inputs in one part of the listing."""
    where = f"{generation}/{ref.name}"
    listed = scope.read(generation, ref)
    probes = by_name[ref.name.replace("listing/", "probes/", 1)]
    probed = scope.read(generation, probes)
    if listed is None or probed is None:
        return 0
    inputs = read_parquet(listed, LISTING_SCHEMA, where)
    opened = read_parquet(probed, PROBE_SCHEMA, f"{generation}/{probes.name}").num_rows
    scope.findings.expect(
        inputs.num_rows == opened, "input-files", where, f"{inputs.num_rows} inputs, {opened} were opened"
    )
    _check_rows(scope, where, inputs["uri"])
    return int(inputs.num_rows)


def _check_rows(scope: Scope, where: str, uris: pa.ChunkedArray) -> None:
    lost: Sequence[str] = scope.accounts.without_row(uris.combine_chunks())
    for uri in lost:
        scope.findings.add("manifest-input", uri, f"is listed in {where} and has no row in the manifest")
