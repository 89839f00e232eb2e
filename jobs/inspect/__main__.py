"""python -m jobs.inspect VERB DATASET."""

from __future__ import annotations

from jobs.command import run_app
from jobs.inspect.app import app

run_app(app)
