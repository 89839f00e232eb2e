"""Ingestion put together from the stages. No Ray here.

    inputs --list--> listing/ --open each--> probes/ --plan--> plan/ --make pages--> shards, manifest/, units/

`accounted` says what earlier generations hold, `retry` which of their pages were rejected.
"""

from pipeline.ingest.accounted import accounted, known_tars, unseen
from pipeline.ingest.config import IngestConfig
from pipeline.ingest.inputs import InputFiles
from pipeline.ingest.plan import PlannedPart, Planner
from pipeline.ingest.planning import make_plan
from pipeline.ingest.probe import Probe, listing_row, probe
from pipeline.ingest.unit import IngestWorker

__all__ = [
    "IngestConfig",
    "IngestWorker",
    "InputFiles",
    "PlannedPart",
    "Planner",
    "Probe",
    "accounted",
    "known_tars",
    "listing_row",
    "make_plan",
    "probe",
    "unseen",
]
