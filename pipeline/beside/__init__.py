"""What lies beside a document, the words that came with it and its truth, is as untrusted as the document itself.

    parent                             child (limited: see `pipeline.limited`)
    Beside.take   --- whole JSON --->  parses it, keeps it
    Beside.words, Beside.truth  <---   one page of it at a time

A document without any of it starts no process.
"""

from pipeline.beside.process import Beside

__all__ = ["Beside"]
