"""A child process with limits of its own, for whatever reads untrusted bytes: documents, and pictures of them.

    parent                                  child (python -m <a module that calls serve>)
    LimitedProcess.ask  --- head, body -->  serve: limits itself, builds its service, then answers one by one
                        <-- head, body ---

What the child does wrong is the page's fault and a PageError; what is done to it is not, and is tried again.
"""

from pipeline.limited.base import Budget, Closing, PageError
from pipeline.limited.heap import keep_freed_memory
from pipeline.limited.process import LimitedProcess

__all__ = ["Budget", "Closing", "LimitedProcess", "PageError", "keep_freed_memory"]
