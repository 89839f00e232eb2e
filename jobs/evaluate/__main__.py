"""python -m jobs.evaluate VERB PAGES."""

from __future__ import annotations

from jobs.command import run_app
from jobs.evaluate.app import app

run_app(app)
