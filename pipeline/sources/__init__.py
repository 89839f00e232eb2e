"""Inputs: what a person named, as a sorted stream of documents that can be read, with their hashes and formats."""

from pipeline.sources.formats import Format, sniff
from pipeline.sources.listed import Listed
from pipeline.sources.listing import list_inputs
from pipeline.sources.read import Source, SourceError, read_head, read_if_there, read_source, truth_beside

__all__ = [
    "Format",
    "Listed",
    "Source",
    "SourceError",
    "list_inputs",
    "read_head",
    "read_if_there",
    "read_source",
    "sniff",
    "truth_beside",
]
