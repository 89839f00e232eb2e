"""Ingestion put together from the stages: inputs to a plan, and a slice of the plan to a shard. No Ray here."""

from pipeline.ingest.config import IngestConfig
from pipeline.ingest.plan import Planned, Planner, Probe, probe
from pipeline.ingest.unit import IngestWorker

__all__ = ["IngestConfig", "IngestWorker", "Planned", "Planner", "Probe", "probe"]
