"""Stories: datasets of pages through any sequence of runs over files that come, go, change, are locked and opened.

What opening would show is told and not opened, and pages are made by hand, so that hundreds of generations take
seconds; listing, planning, markers, manifests and shards are the real ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from pipeline.ingest import IngestConfig, InputFiles, Probe, accounted, listing_row, make_plan, unseen
from pipeline.ingest.page import MadePage
from pipeline.ingest.retry import rejected, retry_rows
from pipeline.ingest.unit import add_page
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create, unit_name
from pipeline.shards.tar import ShardBuilder
from pipeline.sources import Listed
from schemas.dataset import Counts
from schemas.manifest import PLAN_SCHEMA, ManifestRow, Reason, Status
from schemas.page import page_key

URIS = ("/a.pdf", "/b.pdf", "/c.pdf")
CONTENTS = {"x": 1, "y": 2, "z": 3}  # pages
LOCKED, GONE = "locked", "gone"
State = tuple[str, str]  # content; "", LOCKED or GONE


@dataclass
class Story:
    """A dataset, and the files of a world in which anything may happen between two runs."""

    store: Store
    document: Any
    config: IngestConfig = field(default_factory=lambda: IngestConfig(pages_per_shard=2))
    world: dict[str, State] = field(default_factory=dict)
    stamps: Counter[str] = field(default_factory=Counter)

    def put(self, uri: str, state: State) -> None:
        self.world[uri] = state
        self.stamps[uri] += 1

    def ingest(self, bad: frozenset[tuple[str, int]]) -> None:
        info = open_or_create(self.store, "pages", self.config.stored())
        listed = [
            Listed(uri, "" if state[1] == GONE else str(self.stamps[uri])) for uri, state in sorted(self.world.items())
        ]
        self._make([listing_row(one) for one in unseen(self.store, info, listed)], None, bad)

    def retry(self, bad: frozenset[tuple[str, int]]) -> None:
        dataset = Dataset(self.store.url)
        again = rejected(dataset)
        self._make(retry_rows(dataset, again), again.counts(), bad)

    def _make(self, listed: list[dict[str, Any]], replaces: Counts | None, bad: frozenset[tuple[str, int]]) -> None:
        if not listed:
            return
        info = open_or_create(self.store, "pages", self.config.stored())
        files = GenerationFiles(self.store, f"gen-{len(info.generations):04d}")
        made = InputFiles(files)
        listing = made.write_listing(listed, replaces)
        for part in range(len(listing.files)):
            made.write_probes(part, [self._probe(uri).row() for uri in made.listed(part)["uri"].to_pylist()])
        plan = make_plan(files, listing, self.config, accounted(self.store, info, listing.retry))
        if plan is not None:
            for unit in range(plan.units):
                self._unit(files, unit, bad)
            add_generation(self.store, info, files.finish(plan, {}))

    def _probe(self, uri: str) -> Probe:
        content, fault = self.world[uri]
        sha256 = self._document(content).sha256
        if fault == GONE:
            return Probe(reason=Reason.UNREADABLE, detail="no such file")
        if fault == LOCKED:
            return Probe(sha256, reason=Reason.ENCRYPTED, detail="needs a password")
        return Probe(sha256, "pdf", CONTENTS[content])

    def _document(self, content: str) -> Any:
        return self.document(content, [["ka", "lo", content]] * CONTENTS[content])

    def _unit(self, files: GenerationFiles, unit: int, bad: frozenset[tuple[str, int]]) -> None:
        stem, builder, done = f"pages-{unit_name(unit)}", ShardBuilder(), list[ManifestRow]()
        for row in files.plan_reader(PLAN_SCHEMA).unit(unit).to_pylist():
            content = next(c for c in CONTENTS if self._document(c).sha256 == row["sha256"])
            values = {"key": page_key(row["sha256"], row["page"]), "document": row["sha256"][:16], "page": row["page"]}
            values |= {"uri": row["uri"], "sha256": row["sha256"], "generation": files.name}
            if (content, row["page"]) in bad:
                done.append(ManifestRow(status=Status.REJECTED, reason=Reason.TIMEOUT, detail="too slow", **values))
                continue
            page = self._document(content).page(row["page"])
            origin = page.record.document.model_copy(update={"uri": row["uri"]})
            add_page(builder, MadePage(page.record.model_copy(update={"document": origin}), page.picture))
            done.append(ManifestRow(status=Status.OK, route="text-layer", words=3, shard=stem, **values))
        files.write_unit(unit_name(unit), done, (stem, *builder.finish()))

    def rows(self) -> list[ManifestRow]:
        """Every row that stands: without those that were tried again."""
        dataset = Dataset(self.store.url)
        standing: list[ManifestRow] = []
        for generation in dataset.info.generations:
            if generation.replaces.rows:
                tables = InputFiles(GenerationFiles(self.store, generation.name)).all_listed()
                again = {(row["uri"], row["sha256"]) for table in tables for row in table.to_pylist()}
                standing = [
                    row for row in standing if row.status is not Status.REJECTED or (row.uri, row.sha256) not in again
                ]
            standing += [ManifestRow.model_validate(row) for row in dataset.manifest(generation.name).to_pylist()]
        return standing


STATE = st.tuples(st.sampled_from(sorted(CONTENTS)), st.sampled_from(["", "", "", LOCKED, GONE]))
BAD = st.frozensets(st.tuples(st.sampled_from(sorted(CONTENTS)), st.integers(0, 2)), max_size=3)
STEP = st.tuples(st.dictionaries(st.sampled_from(URIS), STATE, max_size=2), st.booleans(), BAD)
